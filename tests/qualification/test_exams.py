"""Making skills and exams: drafts, versions, and what may not be changed once people met it."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from kit import states
from kit.errors import Conflict, Invalid, NotFound
from qualification import attempts, exams, skills
from qualification.models import Exam, ExamItem, Skill
from tests import people
from tests.people import NOW
from tests.qualification import cast

pytestmark = pytest.mark.django_db


def test_skills_form_a_tree() -> None:
    olu = people.ops()
    science = skills.create(name="Science", kind="domain", by_id=olu.pk, now=NOW)
    physics = skills.create(name="Physics", kind="subject", parent_id=science.pk, by_id=olu.pk, now=NOW)
    skills.create(name="Art", kind="domain", by_id=olu.pk, now=NOW)
    assert [(depth, skill.name) for depth, skill in skills.as_tree(skills.owned_by(None))] == [
        (0, "Art"),
        (0, "Science"),
        (1, "Physics"),
    ]
    assert physics.slug == "physics"


def test_two_clients_may_have_a_skill_of_one_name_and_neither_sees_the_others() -> None:
    (_a, lab), (_b, firm) = people.client("Mira"), people.client("Ned")
    mine, theirs = cast.skill("Law", organisation=lab), cast.skill("Law", organisation=firm)
    assert mine.slug != theirs.slug
    assert mine.slug == f"{lab.slug}--law"
    assert list(skills.visible_to(lab.pk)) == [mine]
    with pytest.raises(NotFound):
        skills.find(slug=theirs.slug, organisation=lab)
    with pytest.raises(Invalid) as refusal:
        skills.create(name="Tax", kind="subject", parent_id=theirs.pk, organisation=lab, by_id=_a.pk, now=NOW)
    assert refusal.value.field == "parent"


def test_a_short_name_is_used_once() -> None:
    cast.skill("Law")
    with pytest.raises(skills.SlugTaken):
        cast.skill("Law")
    assert Skill.objects.count() == 1


@pytest.mark.parametrize("slug", ["UPPER", "a b", "-a", "a--b", "ä", "a_b"])
def test_a_short_name_is_plain(slug: str) -> None:
    with pytest.raises(Invalid) as refusal:
        skills.create(name="Law", slug=slug, kind="subject", by_id=people.ops().pk, now=NOW)
    assert refusal.value.field == "slug"


def test_the_tree_ends_at_six_levels() -> None:
    olu, parent = people.ops(), None
    for level in range(6):
        parent = skills.create(name=f"Level {level}", kind="level", parent_id=parent and parent.pk, by_id=olu.pk, now=NOW)
    assert parent is not None
    with pytest.raises(Invalid) as refusal:
        skills.create(name="Too deep", kind="level", parent_id=parent.pk, by_id=olu.pk, now=NOW)
    assert refusal.value.field == "parent"


@pytest.mark.parametrize("name", sorted(exams.BOUNDS))
def test_every_number_of_an_exam_has_bounds(name: str) -> None:
    low, high = exams.BOUNDS[name]
    weather = cast.skill()
    for value in (low - 1, high + 1):
        with pytest.raises(Invalid) as refusal:
            cast.draft(of=weather, **{name: value})
        assert refusal.value.field == name
    assert not Exam.objects.exists()


def test_a_published_exam_is_not_changed_but_revised() -> None:
    made = cast.exam()
    with pytest.raises(exams.NotADraft):
        exams.change(exam=made, title="Other")
    with pytest.raises(exams.NotADraft):
        exams.remove_item(item=made.items.select_related("exam").get(n=1))
    draft = exams.revise(exam=made, by_id=made.created_by_id, now=NOW)
    assert (draft.series, draft.version, draft.state, draft.items.count()) == (made.series, 2, "draft", 4)
    with pytest.raises(Conflict):
        exams.revise(exam=made, by_id=made.created_by_id, now=NOW)
    exams.change(exam=draft, title="Weather words, better", pass_bp=7_000)
    exams.publish(exam=draft, by_id=made.created_by_id, now=NOW)
    assert Exam.objects.get(pk=made.pk).state == "retired"
    assert Exam.objects.get(pk=draft.pk).pass_bp == 7_000


def test_a_bank_smaller_than_the_draw_is_not_published() -> None:
    draft = cast.draft(questions=2, draws=3)
    with pytest.raises(exams.NotReady):
        exams.publish(exam=draft, by_id=draft.created_by_id, now=NOW)
    assert Exam.objects.get(pk=draft.pk).state == "draft"


def test_a_retired_exam_does_not_come_back() -> None:
    made = cast.exam()
    exams.retire(exam=made, by_id=made.created_by_id, now=NOW)
    with pytest.raises(states.NoSuchMove):
        exams.publish(exam=made, by_id=made.created_by_id, now=NOW)


def test_the_database_keeps_one_published_version() -> None:
    made = cast.exam()
    draft = exams.revise(exam=made, by_id=made.created_by_id, now=NOW)
    with pytest.raises(IntegrityError, match="one_published_version"), transaction.atomic():
        Exam.objects.filter(pk=draft.pk).update(state="published")


def test_health_counts_who_met_a_question_and_what_share_was_right() -> None:
    made = cast.exam(questions=2, pass_bp=5_000)
    ana, wen = people.worker("Ana"), people.worker("Wen")
    cast.sit(ana, made, right=2)
    attempts.start(exam=made, worker_id=wen.pk, now=NOW)
    for item in exams.items_with_health(made):
        assert (item.exposure, item.answers, item.credit) == (2, 1, 10_000)


def test_a_member_of_the_organisation_does_not_sit_its_exam_since_they_may_know_the_keys() -> None:
    _mira, lab = people.client()
    made = cast.exam(of=cast.skill("Law", organisation=lab))
    ana, insider = people.worker("Ana"), people.worker("Ned")
    lab.memberships.create(user=insider, role="viewer", since=NOW)
    assert list(exams.open_to(ana.pk)) == [made]
    assert list(exams.open_to(insider.pk)) == []
    with pytest.raises(NotFound):
        attempts.start(exam=made, worker_id=insider.pk, now=NOW)


def test_the_database_wants_a_kind_of_work_for_a_task_and_none_for_a_question() -> None:
    made = cast.draft()
    with pytest.raises(IntegrityError), transaction.atomic():
        ExamItem.objects.create(exam=made, n=99, kind="gold", body={}, key={})
