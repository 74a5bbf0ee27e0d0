"""The charts of this room: a grant of a skill, an exam, its questions, and an attempt at it."""

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

RESTING, VOID = "resting", "void"

ITEM = Chart(
    name="exam item",
    moves={LIVE: (RESTING, VOID), RESTING: (LIVE, VOID), VOID: ()},
    initial=LIVE,
)
"""resting: not drawn for now, and counts where it was; void: its key was wrong, it counts nowhere."""

READING, PASSED, FAILED = "reading", "passed", "failed"

ATTEMPT = Chart(
    name="exam attempt",
    moves={LIVE: (READING, PASSED, FAILED), READING: (PASSED, FAILED), PASSED: (), FAILED: (PASSED,)},
    initial=LIVE,
)
"""reading: handed in, and a person still has to grade a free text;
failed -> passed is a wrong key that was found; nothing leads from passed to failed."""
