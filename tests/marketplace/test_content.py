"""What somebody does not want to see is not offered to them, costs them nothing, and is told to no client."""

from __future__ import annotations

import pytest
from django.db import transaction

from kit.errors import Invalid
from kit.models import Asset
from marketplace import eligibility, projects, rules
from tests import market, people
from tests.workers.doors import browser, program
from workers import credentials, preferences
from workers.models import Credential, User

pytestmark = pytest.mark.django_db(transaction=True)
NOW = market.NOW


def spare(user: User, *kinds: str) -> None:
    with transaction.atomic():
        preferences.save_comfort(worker_id=user.pk, accessibility=[], note="", avoids=kinds, now=NOW)


def test_who_is_spared_gets_other_work_and_everybody_else_this() -> None:
    mira, shop = people.client()
    market.launched(mira, shop, texts=2, content_warnings=["violence", "hate"])
    ana, wen = people.worker("Ana"), people.worker("Wen")
    spare(ana, "hate")
    spare(wen, "sexual")
    assert market.take(ana) is None
    assert market.take(wen) is not None
    market.launched(mira, shop, texts=1)
    assert market.take(ana) is not None


def test_a_change_of_mind_counts_from_the_next_task_on() -> None:
    mira, shop = people.client()
    batch = market.launched(mira, shop, texts=3, content_warnings=["violence"])
    ana = people.worker("Ana")
    assert market.work(ana)
    spare(ana, "violence")
    assert market.take(ana) is None
    spare(ana)
    assert market.work(ana)
    spare(ana, "hate")
    with transaction.atomic():
        projects.change(project=batch.project, actor_id=mira.pk, now=NOW, content_warnings=["hate"])
    assert market.take(ana) is None


def test_the_empty_queue_says_so_and_counts_agree() -> None:
    mira, shop = people.client()
    batch = market.launched(mira, shop, texts=1, content_warnings=["violence"])
    ana = people.worker("Ana")
    spare(ana, "violence")
    [closed] = eligibility.why_not(worker_id=ana.pk, now=NOW)
    assert [miss.fact for miss in closed.misses] == ["content"]
    assert "costs you nothing" in closed.misses[0].opens
    people.worker("Wen")
    assert eligibility.how_many(eligibility.rule_for(batch.project)) == 1
    assert eligibility.how_many(batch.project.eligibility) == 2
    assert "Change it" in browser(ana).get("/work/more/").content.decode()


def test_a_client_can_neither_ask_for_it_nor_count_it() -> None:
    mira, shop = people.client()
    for leaf in ({"fact": "content", "shows": ["hate"]}, {"fact": "pool", "pool": "00000000-0000-0000-0000-000000000007"}):
        with pytest.raises(Invalid):
            rules.check({"not": leaf}, field="eligibility")
        api = program(mira, "client:write", organisation=shop)
        assert api.post("/api/v1/eligibility/count/", {"rule": {"all": [leaf]}}, content_type="application/json").status_code == 422
    for odd in ({"fact": "skill", "skill": "a\x00b", "tier": 1}, {"fact": "language", "code": "\x00a", "level": "B2"}):
        with pytest.raises(Invalid):
            rules.check(odd, field="eligibility")
    with pytest.raises(Invalid) as refusal:
        market.project(mira, shop, content_warnings=["kittens"])
    assert refusal.value.field == "content_warnings"


def test_the_offer_names_what_it_shows() -> None:
    mira, shop = people.client()
    market.launched(mira, shop, texts=1, content_warnings=["self_harm"])
    ana = people.worker("Ana")
    page = browser(ana).get("/work/offers/").content.decode()
    assert "Self-harm and suicide" in page and "spare me this" in page


def test_a_verified_credential_opens_what_asks_for_one() -> None:
    mira, shop = people.client()
    market.launched(mira, shop, texts=1, eligibility={"all": [{"fact": "credential", "domain": "law"}]})
    ana, olu = people.worker("Ana"), people.ops()
    assert market.take(ana) is None
    made = Credential.objects.create(
        worker_id=ana.pk, kind="degree", domain="law", title="LL.M.", issuer="Coimbra", submitted_at=NOW, due_at=NOW,
        proof=_asset(),
    )  # fmt: skip
    assert market.take(ana) is None
    with transaction.atomic():
        credentials.decide(credential=made, by_id=olu.pk, verified=True, now=NOW)
    assert eligibility.how_many({"all": [{"fact": "credential", "domain": "law"}]}) == 1
    assert market.take(ana) is not None


def _asset() -> Asset:
    return Asset.objects.create(sha256="0" * 64, content_type="application/pdf", size=1)
