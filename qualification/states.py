"""The charts of this room: a grant of a skill, an exam, and an attempt at one."""

from __future__ import annotations

from kit.states import Chart

LIVE, EXPIRED, REPLACED, TAKEN = "live", "expired", "replaced", "taken"

GRANT = Chart(
    name="grant",
    moves={LIVE: (EXPIRED, REPLACED, TAKEN), EXPIRED: (), REPLACED: (), TAKEN: (LIVE,)},
    initial=LIVE,
)
"""live -> taken needs a named person's decision; taken -> live is an appeal that the person won."""

DRAFT, PUBLISHED, RETIRED = "draft", "published", "retired"

EXAM = Chart(
    name="exam",
    moves={DRAFT: (PUBLISHED, RETIRED), PUBLISHED: (RETIRED,), RETIRED: ()},
    initial=DRAFT,
)

PASSED, FAILED = "passed", "failed"

ATTEMPT = Chart(
    name="exam attempt",
    moves={LIVE: (PASSED, FAILED), PASSED: (), FAILED: (PASSED,)},
    initial=LIVE,
)
"""failed -> passed is a wrong key that was found; nothing leads from passed to failed."""
