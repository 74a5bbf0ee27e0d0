"""The one rule format: judged in Python and counted in SQL alike, and explained to whom it keeps out."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.errors import Invalid
from marketplace import eligibility, rules
from marketplace.models import WorkerRecord
from tests import market, people

LEAF = st.one_of(
    st.lists(st.sampled_from(["DE", "PT", "FR"]), min_size=1, max_size=2).map(lambda codes: {"fact": "country", "in": codes}),
    st.builds(
        lambda code, level: {"fact": "language", "code": code, "level": level},
        st.sampled_from(["en", "de"]), st.sampled_from(rules.LANGUAGE_LEVELS),
    ),
    st.integers(0, 3).map(lambda tier: {"fact": "skill", "skill": "weather", "tier": tier}),
    st.sampled_from([0, 5, 50]).map(lambda least: {"fact": "accepted", "least": least}),
)
def sound(rule: rules.Rule) -> bool:
    try:
        rules.check(rule, field="rule")
    except Invalid:
        return False
    return True


RULE = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(inner, max_size=3).map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=8,
).filter(sound)


@pytest.mark.django_db(transaction=True)
def test_the_count_in_sql_and_the_judgement_in_python_agree() -> None:
    mira, shop = people.client()
    project = market.project(mira, shop)
    crowd = [
        people.worker("Ana", country="PT", languages={"en": "C1", "pt": "native"}),
        people.worker("Wen", country="DE", languages={"de": "B2", "en": "A2"}),
        people.worker("Leo", country="FR", languages={"fr": "native"}),
    ]
    WorkerRecord.objects.create(worker=crowd[0], project=project, accepted=7)
    known = [eligibility.person(worker_id=worker.id, now=market.NOW) for worker in crowd]

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(rule=RULE)
    def agree(rule: rules.Rule) -> None:
        checked = rules.check(rule, field="rule")
        assert eligibility.how_many(checked) == sum(rules.holds(checked, who.facts) for who in known if who)

    agree()


@given(rule=RULE)
def test_misses_are_named_exactly_when_the_rule_does_not_hold(rule: rules.Rule) -> None:
    facts = rules.Facts(country="DE", languages={"en": "B1"}, skills={}, accepted=3)
    assert bool(rules.misses(rule, facts)) or rules.holds(rule, facts)
    assert not (rules.misses(rule, facts) and rules.holds(rule, facts))


@pytest.mark.parametrize("garbage", [
    None, [], "all", {"all": {}}, {"all": [{"fact": "country"}]}, {"fact": "language", "code": "en", "level": "Z9"},
    {"fact": "skill", "skill": "x", "tier": 9}, {"fact": "accepted", "least": -1}, {"all": [], "any": []}, {"fact": "shoe", "size": 4},
    {"fact": "accepted", "least": True}, {"fact": "country", "in": ["Germany"]},
])
def test_a_faulty_rule_is_refused_and_the_place_is_named(garbage: object) -> None:
    with pytest.raises(Invalid) as refused:
        rules.check(garbage, field="eligibility")
    assert str(refused.value.field).startswith("eligibility")


def test_a_rule_as_deep_as_a_well_is_refused() -> None:
    deep: dict[str, object] = {"fact": "accepted", "least": 1}
    for _ in range(50):
        deep = {"not": deep}
    with pytest.raises(Invalid):
        rules.check(deep, field="eligibility")


@pytest.mark.django_db(transaction=True)
def test_nobody_works_for_an_organisation_that_they_belong_to() -> None:
    mira, shop = people.client()
    market.launched(mira, shop)
    ana = people.worker("Ana")
    people.Membership.objects.create(user=ana, organisation=shop, role="viewer", since=market.NOW)
    assert market.take(ana) is None
    (closed,) = eligibility.why_not(worker_id=ana.id, now=market.NOW)
    assert closed.own_organisation


@pytest.mark.django_db(transaction=True)
def test_an_empty_queue_says_which_rule_keeps_ana_out_and_what_she_has() -> None:
    mira, shop = people.client()
    market.launched(mira, shop, eligibility={"all": [{"fact": "language", "code": "de", "level": "B2"}]})
    ana = people.worker("Ana", languages={"de": "A2"})
    assert market.take(ana) is None
    (closed,) = eligibility.why_not(worker_id=ana.id, now=market.NOW)
    assert [(miss.wants, miss.has) for miss in closed.misses] == [("de at B2 or better", "A2")]


@pytest.mark.django_db(transaction=True)
def test_a_rule_that_changed_is_never_served_from_an_old_ready_row() -> None:
    from django.db import transaction

    from marketplace import projects
    from marketplace.models import Project

    mira, shop = people.client()
    batch = market.launched(mira, shop, texts=5)
    ana = people.worker("Ana", country="PT")
    assert market.work(ana) is not None
    with transaction.atomic():
        projects.change(
            project=Project.objects.get(pk=batch.project_id), eligibility={"fact": "country", "in": ["DE"]}, actor_id=mira.id,
            now=market.NOW,
        )
    assert market.take(ana) is None
