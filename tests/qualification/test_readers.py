"""Readers of free texts: who may, the second and the third, known texts among real ones, and pauses."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from kit.errors import Conflict, Invalid, NotFound
from kit.models import AuditRecord
from qualification import agreement, attempts, items, known_readings, outcomes, papers, readers, readings
from qualification.models import Attempt, Exam, Grant, KnownReading, ReaderGrant, ReaderPause, Reading
from tests import people
from tests.people import NOW
from tests.qualification import cast
from tests.workers.doors import browser
from workers.models import Notice, User
from workers.people import NotIndependent, link

pytestmark = pytest.mark.django_db
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
ALWAYS, NEVER = random.Random(), random.Random()
ALWAYS.randrange = lambda *_: 0  # type: ignore[method-assign,assignment]
NEVER.randrange = lambda *_: 9_999  # type: ignore[method-assign,assignment]


@pytest.fixture(autouse=True)
def no_second_by_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readings, "SECOND_SHARE_BP", 0)


@pytest.fixture
def exam() -> Exam:
    """One free text of ten points, passed from 60 %."""
    prose = items.check({"kind": "prose", "text": "Why does it rain?", "rubric": [{"name": "Cause", "points": 10}]})
    return cast.exam(bank=[prose], pass_bp=6_000)


def written(exam: Exam, name: str = "Ana", *, now: dt.datetime = NOW) -> Reading:
    ana = people.worker(name)
    attempt = attempts.start(exam=exam, worker_id=ana.pk, now=now)
    attempts.save_answer(attempt_id=attempt.pk, worker_id=ana.pk, n=1, answer="Warm air rises.", now=now)
    attempts.submit(attempt_id=attempt.pk, worker_id=ana.pk, now=now)
    return Reading.objects.get(question__attempt=attempt, n=1)


def read(reading: Reading, who: User, points: int, *, now: dt.datetime = NOW) -> None:
    with transaction.atomic():
        readings.claim(reading=readings.find(reading.pk), by_id=who.pk, now=now)
        outcomes.read(reading=readings.find(reading.pk), points=[points], note="Because.", by_id=who.pk, now=now)


def state(reading: Reading) -> tuple[str, int | None]:
    attempt = Attempt.objects.get(pk=reading.question.attempt_id)
    return attempt.state, attempt.score_bp


def test_a_reader_is_let_in_by_a_colleague_or_by_a_tier_of_the_skill_and_never_by_themselves(exam: Exam) -> None:
    reading = written(exam)
    olu, oda, wen = people.ops("Olu", "quality_lead"), people.ops("Oda", "admin"), people.ops("Wen", "quality_lead")
    with pytest.raises(readers.NotAReader):
        readings.claim(reading=reading, by_id=olu.pk, now=NOW)
    with pytest.raises(NotIndependent):
        readers.give(user_id=olu.pk, skill=None, by_id=olu.pk, now=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        ReaderGrant.objects.create(user=olu, given_by=olu, given_at=NOW)
    with pytest.raises(Invalid):
        readers.give(user_id=people.worker("Ivo").pk, skill=None, by_id=oda.pk, now=NOW)
    given = readers.give(user_id=olu.pk, skill=exam.skill, by_id=oda.pk, now=NOW)
    with pytest.raises(Conflict):
        readers.give(user_id=olu.pk, skill=exam.skill, by_id=oda.pk, now=NOW)
    assert list(readings.waiting_for(olu.pk, now=NOW)) == [reading] and not readings.waiting_for(wen.pk, now=NOW).exists()
    readings.claim(reading=reading, by_id=olu.pk, now=NOW)
    readings.give_back(reading=reading, by_id=olu.pk)
    readers.end(grant_id=given.pk, by_id=oda.pk, now=NOW)
    with pytest.raises(readers.NotAReader):
        readings.claim(reading=reading, by_id=olu.pk, now=NOW)
    people.worker("Wen")
    for tier in (1, 2):
        profile = type(Attempt.objects.get().worker).objects.get_or_create(user=wen, defaults={"country": "DE"})[0]
        Grant.objects.filter(worker=profile).update(state="replaced", ended_at=NOW)
        Grant.objects.create(worker=profile, skill=exam.skill, tier=tier, source="ops", valid_from=NOW)
        assert readings.waiting_for(wen.pk, now=NOW).exists() == (tier == 2)


def test_nobody_reads_what_they_or_an_account_of_theirs_wrote_and_the_maker_leaves_it_to_others(exam: Exam) -> None:
    reading, olu, wen = written(exam), cast.reader("Olu"), cast.reader("Wen")
    link(a=olu.pk, b=reading.question.attempt.worker_id, reason="device", by_id=None, now=NOW)
    with pytest.raises(NotIndependent):
        readings.claim(reading=readings.find(reading.pk), by_id=olu.pk, now=NOW)
    Exam.objects.filter(pk=exam.pk).update(created_by=wen)
    ida = cast.reader("Ida")
    with pytest.raises(NotIndependent, match="made this test"):
        readings.claim(reading=readings.find(reading.pk), by_id=wen.pk, now=NOW)
    ReaderGrant.objects.filter(user=ida).update(ended_at=NOW)
    readings.claim(reading=readings.find(reading.pk), by_id=wen.pk, now=NOW)


class TestMoreReaders:
    def test_near_the_pass_mark_a_second_reads_unseen_and_the_mean_of_two_counts(self, exam: Exam) -> None:
        reading, olu, wen = written(exam), cast.reader("Olu"), cast.reader("Wen")
        read(reading, olu, 7)
        assert state(reading) == ("reading", None)
        second = Reading.objects.get(n=2)
        assert (second.why, second.due_at) == (Reading.NEAR, reading.due_at)
        assert not readings.waiting_for(olu.pk, now=NOW).exists()
        with pytest.raises(NotIndependent):
            readings.claim(reading=readings.find(second.pk), by_id=olu.pk, now=NOW)
        tab = browser(wen)
        tab.post(f"/ops/readings/{second.pk}/claim/")
        page = tab.get(f"/ops/readings/{second.pk}/").content.decode()
        assert "Warm air rises." in page and "Because." not in page and "Olu" not in page
        ana = Attempt.objects.get().worker.user
        assert "one more reads it" in browser(ana).get(f"/work/attempts/{Attempt.objects.get().pk}/result/").content.decode()
        readings.give_back(reading=second, by_id=wen.pk)
        read(second, wen, 5)
        assert state(reading) == ("passed", 6_000)
        assert "2 people read it" in browser(ana).get(f"/work/attempts/{Attempt.objects.get().pk}/result/").content.decode()

    def test_far_apart_a_third_reads_and_the_median_counts(self, exam: Exam) -> None:
        reading, olu, wen, ida = written(exam), cast.reader("Olu"), cast.reader("Wen"), cast.reader("Ida")
        read(reading, olu, 6)
        read(Reading.objects.get(n=2), wen, 2)
        assert Reading.objects.get(n=3).why == Reading.APART and state(reading)[0] == "reading"
        read(Reading.objects.get(n=3), ida, 3)
        assert state(reading) == ("failed", 3_000)
        assert papers.remarks(Attempt.objects.get())[0].credit_bp == 3_000

    def test_far_from_the_mark_one_suffices_but_for_a_share_by_chance(self, exam: Exam, monkeypatch: pytest.MonkeyPatch) -> None:
        olu, _wen = cast.reader("Olu"), cast.reader("Wen")
        clear, drawn = written(exam, "Ana"), written(exam, "Bob")
        read(clear, olu, 10)
        assert state(clear) == ("passed", 10_000)
        monkeypatch.setattr(readings, "SECOND_SHARE_BP", 10_000)
        read(drawn, olu, 10)
        assert state(drawn)[0] == "reading" and Reading.objects.get(n=2).why == Reading.SHARE

    def test_nobody_waits_for_a_second_reader_whom_there_is_not_or_who_does_not_come(self, exam: Exam) -> None:
        olu, alone = cast.reader("Olu"), written(exam, "Ana")
        read(alone, olu, 6)
        assert state(alone) == ("passed", 6_000)
        cast.reader("Wen")
        late = written(exam, "Bob")
        read(late, olu, 6)
        assert state(late)[0] == "reading"
        assert outcomes.give_up_due(now=NOW + 47 * HOUR) == 0
        assert outcomes.give_up_due(now=NOW + 48 * HOUR) == 1 and outcomes.give_up_due(now=NOW + 49 * HOUR) == 0
        assert state(late) == ("passed", 6_000) and AuditRecord.objects.filter(verb="reading.given_up").count() == 1


class TestKnownTexts:
    def known(self, exam: Exam, count: int = 1) -> tuple[User, User]:
        """So many texts that Olu and Wen read alike, made known by Ole."""
        olu, wen = cast.reader("Olu"), cast.reader("Wen")
        for at in range(count):
            reading = written(exam, f"Person{at}")
            read(reading, olu, 6)
            second = Reading.objects.get(question=reading.question, n=2)
            read(second, wen, 6)
            known_readings.add(question_id=reading.question_id, points=[6], by_id=people.ops("Ole", "quality_lead").pk, now=NOW)
        return olu, wen

    def test_they_are_made_of_texts_that_two_read_alike(self, exam: Exam) -> None:
        by, reading = people.ops("Ole", "quality_lead"), written(exam)
        read(reading, cast.reader("Olu"), 10)
        with pytest.raises(NotFound):
            known_readings.add(question_id=reading.question_id, points=[10], by_id=by.pk, now=NOW)
        Reading.objects.create(question=reading.question, n=2, due_at=NOW, points=[2], graded_by=cast.reader("Wen"), graded_at=NOW)
        with pytest.raises(Conflict):
            known_readings.add(question_id=reading.question_id, points=[10], by_id=by.pk, now=NOW)
        Reading.objects.filter(n=2).update(points=[9])
        for wrong in ([8], [11], []):
            with pytest.raises(Invalid):
                known_readings.add(question_id=reading.question_id, points=wrong, by_id=by.pk, now=NOW)
        page = browser(by).get("/ops/readers/").content.decode()
        assert "Read alike by two" in page and "Use it as known" in page
        browser(by).post(f"/ops/readers/known/{reading.question_id}/make/", {"points": "9"})
        assert KnownReading.objects.get().points == [9]

    def test_one_is_mixed_in_unseen_counts_for_no_attempt_and_is_met_once(self, exam: Exam) -> None:
        self.known(exam)
        before, ida, real = Attempt.objects.get(), cast.reader("Ida"), written(exam, "Eva")
        assert (known_readings.take(by_id=ida.pk, now=NOW, luck=NEVER) or pytest.fail("nothing")).pk == real.pk
        readings.give_back(reading=real, by_id=ida.pk)
        taken = known_readings.take(by_id=ida.pk, now=NOW, luck=ALWAYS)
        assert taken is not None and taken.why == Reading.KNOWN
        mine = [str(one.pk) for one in readings.waiting_for(ida.pk, now=NOW)]
        assert set(mine) == {str(real.pk), str(taken.pk)} and not readings.waiting_for(cast.reader("Olu").pk, now=NOW).filter(pk=taken.pk)
        page = browser(ida).get(f"/ops/readings/{taken.pk}/").content.decode()
        assert "Warm air rises." in page and "points are known" not in page.lower()
        with transaction.atomic():
            outcomes.read(reading=readings.find(taken.pk), points=[0], note="No.", by_id=ida.pk, now=NOW)
        assert Attempt.objects.get(pk=before.pk).score_bp == before.score_bp
        assert (known_readings.take(by_id=ida.pk, now=NOW, luck=ALWAYS) or pytest.fail("nothing")).pk == real.pk, "each is met once"
        [row] = [one for one in known_readings.measured(now=NOW) if one.reader == ida]
        assert (row.read, row.known, row.as_agreed and row.as_agreed.share) == (0, 1, 0)

    def test_who_reads_otherwise_is_paused_with_reason_and_end_and_their_lone_texts_are_read_again(self, exam: Exam) -> None:
        self.known(exam, 6)
        ida, lone, waits = cast.reader("Ida"), written(exam, "Eva"), written(exam, "Kim")
        read(lone, ida, 1)
        assert state(lone) == ("failed", 1_000) and waits.graded_at is None
        for _time in range(6):
            taken = known_readings.take(by_id=ida.pk, now=NOW, luck=ALWAYS)
            assert taken is not None and taken.known_id
            with transaction.atomic():
                outcomes.read(reading=readings.find(taken.pk), points=[0], note="No.", by_id=ida.pk, now=NOW)
        pause = ReaderPause.objects.get()
        assert (pause.user, pause.met, pause.right, pause.until) == (ida, 6, 0, NOW + readers.PAUSE)
        assert Notice.objects.get(kind="reader.paused").user == ida
        assert known_readings.take(by_id=ida.pk, now=NOW, luck=NEVER) is None
        with pytest.raises(readers.ReaderPaused):
            readings.claim(reading=readings.find(waits.pk), by_id=ida.pk, now=NOW)
        again = Reading.objects.get(question=lone.question, n=2)
        assert again.why == Reading.AGAIN
        read(again, cast.reader("Wen"), 10)
        third = Reading.objects.get(question=lone.question, n=3)
        read(third, cast.reader("Olu"), 9)
        assert state(lone) == ("passed", 9_000) and Notice.objects.filter(kind="exam.reread").count() == 1
        assert "does not read until" in browser(cast.reader("Wen")).get("/ops/readers/").content.decode()
        with pytest.raises(NotIndependent):
            readers.lift(pause_id=pause.pk, by_id=ida.pk, now=NOW)
        readers.lift(pause_id=pause.pk, by_id=cast.reader("Wen").pk, now=NOW + DAY)
        assert known_readings.take(by_id=ida.pk, now=NOW + DAY, luck=NEVER) is not None

    def test_software_pauses_for_thirty_of_sixty_days_at_most_and_the_database_knows_the_longest(self) -> None:
        ida, wen = cast.reader("Ida"), cast.reader("Wen")
        assert readers.pause(user_id=ida.pk, met=6, right=0, now=NOW) and readers.pause(user_id=ida.pk, met=6, right=0, now=NOW + 20 * DAY)
        assert readers.pause(user_id=ida.pk, met=6, right=0, now=NOW + 40 * DAY) is None
        assert Notice.objects.get(kind="reader.needs_person").user == wen
        with pytest.raises(IntegrityError, match="within_thirty_days"), transaction.atomic():
            ReaderPause.objects.create(user=ida, met=1, right=0, since=NOW, until=NOW + 31 * DAY)


class TestAgreement:
    def test_alpha_equals_the_published_example(self) -> None:
        """Krippendorff 2011, section E: four observers, twelve units, interval data: alpha = 0.849."""
        nothing: Any = None
        observers = [
            [1, 2, 3, 3, 2, 1, 4, 1, 2, nothing, nothing, nothing], [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, nothing, 3],
            [nothing, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, nothing], [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, nothing],
        ]  # fmt: skip
        units = [[row[at] for row in observers if row[at] is not nothing] for at in range(12)]
        found = agreement.alpha(units)
        assert found is not None and round(found.alpha, 3) == 0.849
        assert found.low < found.alpha < found.high <= 1 and found.units == 11

    def test_chance_is_nothing_unison_is_one_and_few_texts_say_nothing(self) -> None:
        luck = random.Random(1)
        noise = agreement.alpha([[luck.random(), luck.random()] for _ in range(400)])
        assert noise is not None and abs(noise.alpha) < 0.12 and noise.low < 0 < noise.high
        same = agreement.alpha([[at / 10, at / 10] for at in range(10)])
        assert same is not None and (same.alpha, same.low) == (1.0, 1.0)
        assert agreement.alpha([[1, 2]] * 4) is None and agreement.alpha([[1, 1]] * 9) is None

    @pytest.mark.parametrize(("credits", "counts"), [([7], 7), ([4, 7], 5), ([9, 1, 3], 3), ([1, 2, 4, 9], 3)])
    def test_the_middle_counts(self, credits: list[int], counts: int) -> None:
        assert agreement.median(credits) == counts


def test_the_pages_and_the_api_are_for_quality_leads() -> None:
    olu, wen = cast.reader("Olu"), people.ops("Wen", "quality_lead")
    tab, put = browser(olu), {"content_type": "application/json"}
    assert "How they read" in tab.get("/ops/readers/").content.decode()
    assert tab.post("/ops/readers/give/", {"user": str(olu.pk), "skill": ""}).status_code == 403
    assert tab.post("/ops/readers/give/", {"user": "nonsense", "skill": ""}).status_code == 422
    assert tab.post("/ops/readers/give/", {"user": str(wen.pk), "skill": ""}).status_code == 302
    shown = tab.get("/api/v1/ops/readers/").json()
    assert {one["name"] for one in shown["readers"]} == {"Olu", "Wen"} and len(shown["rights"]) == 2
    assert tab.post("/api/v1/ops/readings/take/", {}, **put).status_code == 404
    right = ReaderGrant.objects.get(user=wen)
    assert tab.delete(f"/api/v1/ops/readers/{right.pk}/").status_code == 204 and tab.delete(f"/api/v1/ops/readers/{right.pk}/").status_code == 404
    assert browser(people.ops("Pia", "pool_manager")).get("/ops/readers/").status_code == 403
