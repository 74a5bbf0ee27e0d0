"""The main pages of each audience are never wider than the window, at a desk, on a phone, from left to right and from right to left;
and axe-core finds nothing in them that keeps somebody out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as site
from django.db import transaction
from django.utils import timezone
from playwright.sync_api import Page, expect

from marketplace.models import Batch, Project, Submission
from qualification import attempts, items
from qualification.models import Reading
from tests import market, people
from tests.browser.conftest import SignIn
from tests.qualification import cast as exam_cast
from tests.qualification.test_adaptive import adaptive_exam
from tests.qualification.test_kinds import PROSE
from workers.models import OpsRole, User

pytestmark = pytest.mark.browser

AXE = site.BASE_DIR / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
LOOK = """() => axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], resultTypes: ["violations"]})
    .then(found => found.violations)"""
LONG = "Wolfeschlegelsteinhausenbergerdorff: sentiment of comments under videos of a public broadcaster"
Pages = tuple[User | None, list[str]]


def of_a_client() -> Pages:
    mira, base, made, launched, draft, answer = a_market()
    project, batch, new = f"{base}projects/{made.pk}/", f"{base}batches/{launched.pk}/", f"{base}batches/{draft.pk}/"
    return mira, [
        base, f"{base}projects/new/", project, f"{project}settings/", f"{project}guideline/", f"{project}terms/",
        f"{project}workers/", f"{project}gold/", new, f"{new}try/", batch, f"{batch}results/",
        f"{batch}results/{answer.task_id}/", f"{base}review/", f"{base}review/{answer.pk}/", f"{base}billing/", f"{base}members/",
    ]  # fmt: skip


def of_a_worker() -> Pages:
    _mira, _base, _made, _launched, _draft, answer = a_market()
    lease = market.take(answer.worker, now=timezone.now())
    assert lease is not None
    return answer.worker, [
        "/work/", f"/work/tasks/{lease.lease_id}/", "/work/history/", "/work/quality/", "/work/skills/", "/work/earnings/",
        "/work/earnings/statement/", "/work/earnings/account/", "/work/onboarding/", "/work/profile/",
        "/work/onboarding/credentials/", "/work/onboarding/availability/", "/work/onboarding/identity/", "/work/standing/",
        "/account/notices/", "/account/help/", "/account/erasure/", "/work/waiting/", "/work/referrals/",
    ]  # fmt: skip


def of_ops() -> Pages:
    _mira, _base, _made, launched, _draft, answer = a_market()
    return people.ops("Olu", "finance", "pool_manager", "quality_lead"), [
        "/ops/", "/ops/batches/", f"/ops/batches/{launched.pk}/", "/ops/pools/", "/ops/pools/workers/", "/ops/people/",
        f"/ops/people/{answer.worker_id}/", "/ops/judge/", "/ops/payouts/", "/ops/ledger/", "/ops/skills/", "/ops/appeals/",
        "/ops/queues/", "/ops/queues/appeals/", "/ops/pools/named/", "/ops/pools/named/new/", "/ops/announcements/",
        "/ops/merges/", "/ops/fraud/", f"/ops/people/{answer.worker_id}/neighbours/", "/ops/pools/waiting/", "/ops/referrals/",
        f"/ops/projects/{launched.project_id}/invitations/",
    ]  # fmt: skip


def of_tests_sat() -> Pages:
    """Wen has passed one test, sits an adaptive one and waits for whoever reads a free text."""
    wen, now = people.worker("Wen"), timezone.now()
    reading, passed, going = exam_cast.exam(bank=[items.check(PROSE)]), exam_cast.exam(of=exam_cast.skill("Rain")), adaptive_exam(of=exam_cast.skill("Sun"))
    done = exam_cast.sit(wen, passed, right=3, now=now)
    read = attempts.start(exam=reading, worker_id=wen.pk, now=now)
    attempt = attempts.start(exam=going, worker_id=wen.pk, now=now)
    return wen, [
        f"/work/exams/{going.pk}/", f"/work/attempts/{attempt.pk}/1/", f"/work/attempts/{read.pk}/1/", f"/work/attempts/{done.pk}/result/",
    ]  # fmt: skip


def of_tests_made() -> Pages:
    wen, now, made = people.worker("Wen"), timezone.now(), exam_cast.exam(bank=[items.check(PROSE)])
    with transaction.atomic():
        attempt = attempts.start(exam=made, worker_id=wen.pk, now=now)
        attempts.save_answer(attempt_id=attempt.pk, worker_id=wen.pk, n=1, answer=LONG, now=now, signals={"pasted": 90})
        attempts.submit(attempt_id=attempt.pk, worker_id=wen.pk, now=now)
    draft, text = exam_cast.draft(of=exam_cast.skill("Rain")), Reading.objects.get()
    olu = exam_cast.reader()
    OpsRole.objects.create(user=olu, role="pool_manager", given_at=now)
    return olu, [
        f"/ops/exams/{draft.pk}/", f"/ops/exams/{made.pk}/", f"/ops/exams/{made.pk}/bank/", f"/ops/exams/{made.pk}/evidence/",
        "/ops/readings/", f"/ops/readings/{text.pk}/", "/ops/readers/", f"/ops/exams/{made.pk}/guideline/", f"/ops/people/{wen.pk}/exam-time/",
    ]  # fmt: skip


def of_a_visitor() -> Pages:
    return None, ["/", "/account/signup/", "/account/login/"]


@pytest.mark.parametrize(
    "whose", [of_a_client, of_a_worker, of_ops, of_tests_sat, of_tests_made, of_a_visitor],
    ids=["client", "worker", "ops", "tests sat", "tests made", "visitor"],
)  # fmt: skip
def test_no_page_is_wider_than_the_window(page: Page, sign_in: SignIn, settings: Any, whose: Callable[[], Pages]) -> None:
    """A page comes in a language from right to left, and is turned round where it stands: nothing else depends on direction."""
    settings.LANGUAGES, settings.LANGUAGE_CODE = [("ar", "ar")], "ar"
    faults: list[str] = []
    person, paths = whose()
    if person:
        sign_in(page, person)
    for at, path in enumerate(paths):
        page.set_viewport_size({"width": 1280, "height": 900})
        answer = page.goto(path)
        assert answer is not None and answer.status == 200, path
        assert page.locator("html").get_attribute("dir") == "rtl"
        expect(page.locator(".htmx-request")).to_have_count(0)
        for direction in ("rtl", "ltr"):
            page.evaluate("direction => { document.documentElement.dir = direction }", direction)
            for width in (1280, 390):
                page.set_viewport_size({"width": width, "height": 844})
                assert fits(page), f"{path} is too wide at {width} px, {direction}"
                if direction == "ltr" and width == (1280, 390)[at % 2]:
                    faults += [f"{path} at {width} px: {fault}" for fault in barriers(page)]
    assert not faults, "\n".join(faults)


def barriers(page: Page) -> list[str]:
    """What axe-core finds against WCAG 2.1 A and AA on this page, each with the first place; its source stays out of the site."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    found = page.evaluate(LOOK)
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]


def fits(page: Page) -> bool:
    """Whether nothing sticks out at the side, once charts and the sliding navigation have come to rest."""
    for _look in range(20):
        if page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            return True
        page.wait_for_timeout(100)
    return False


def a_market() -> tuple[User, str, Project, Batch, Batch, Submission]:
    """Mira, her address, a project with long names, a launched batch, a draft, and Ana's answer that waits."""
    now = timezone.now() - dt.timedelta(hours=1)
    ana, (mira, shop) = people.worker("Ana"), people.client("Mira")
    people.pay_in(shop, people.usd("50"))
    made = market.project(mira, shop, review_rule="client", now=now)
    Project.objects.filter(pk=made.pk).update(name=LONG)
    launched = market.launch(market.batch(made, mira, texts=["A" * 90, "It rains " * 60], now=now), mira, now=now)
    Batch.objects.filter(pk=launched.pk).update(name=f"{LONG[:80]}_2026-11-21_final_v3.jsonl")
    draft = market.batch(made, mira, texts=["B" * 90], now=now)
    market.work(ana, now=now)
    return mira, f"/client/{shop.slug}/", made, launched, draft, Submission.objects.select_related("worker").get()
