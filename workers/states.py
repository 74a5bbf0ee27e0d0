"""The charts of this room: the standing of a worker, an appeal of any decision about a person or their work, a credential."""

from __future__ import annotations

from kit.states import Chart

ACTIVE, PAUSED, ENDING, ENDED = "active", "paused", "ending", "ended"

STANDING = Chart(
    name="standing",
    moves={
        ACTIVE: (PAUSED, ENDED),
        PAUSED: (ACTIVE, ENDING),
        ENDING: (ENDED, ACTIVE),
        ENDED: (),
    },
    initial=ACTIVE,
)
"""active -> ended is a person's own wish, or an account that became one with another of theirs; ending -> active is an appeal that
the person won."""

OPEN, ANSWERED, DECIDED = "open", "answered", "decided"

APPEAL = Chart(
    name="appeal",
    moves={OPEN: (ANSWERED, DECIDED), ANSWERED: (DECIDED,), DECIDED: ()},
    initial=OPEN,
)
"""open -> decided is the clock, as nobody answered in time, or the other side's own word that the person is right."""

WAITING = (OPEN, ANSWERED)
"""Appeals that still wait for somebody."""

VERIFIED, REFUSED, WITHDRAWN = "verified", "refused", "withdrawn"

CREDENTIAL = Chart(
    name="credential",
    moves={"waiting": (VERIFIED, REFUSED, WITHDRAWN), VERIFIED: (WITHDRAWN,), REFUSED: (VERIFIED, WITHDRAWN), WITHDRAWN: ()},
    initial="waiting",
)
"""refused -> verified is a second look by ops; withdrawn is the owner's own wish."""

SUPPORT = Chart(name="support", moves={OPEN: (ANSWERED,), ANSWERED: ()}, initial=OPEN)

MERGE = Chart(name="merge", moves={"proposed": ("done", "declined"), "done": (), "declined": ()}, initial="proposed")
"""Two accounts of one person become one; a second person approves."""
