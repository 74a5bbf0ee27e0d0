"""The state charts of the market: what may become what."""

from kit.states import Chart

BATCH = Chart(
    name="batch",
    initial="draft",
    moves={
        "draft": ("launching",),
        "launching": ("active", "closing"),
        "active": ("paused", "closing"),
        "paused": ("active", "closing"),
        "closing": ("closed",),
        "closed": ("settled",),
        "settled": (),
    },
)

SLOT = Chart(
    name="slot",
    initial="open",
    moves={
        "open": ("leased", "filled", "cancelled"),
        "leased": ("open", "filled", "cancelled"),
        "filled": (),
        "cancelled": (),
    },
)

ASSIGNMENT = Chart(
    name="assignment",
    initial="live",
    moves={
        "live": ("done", "skipped", "lapsed"),
        "lapsed": ("live", "done"),
        "done": ("live",),
        "skipped": (),
    },
)

LEASE = Chart(
    name="lease",
    initial="live",
    moves={
        "live": ("paused", "submitted", "given_back", "expired", "withdrawn"),
        "paused": ("live", "submitted", "given_back", "expired", "withdrawn"),
        "submitted": (),
        "given_back": (),
        "expired": ("submitted",),
        "withdrawn": (),
    },
)

SUBMISSION = Chart(
    name="submission",
    initial="waiting",
    moves={
        "waiting": ("accepted", "accepted_share", "rejected", "sent_back"),
        "sent_back": ("waiting", "accepted"),
        "accepted": (),
        "accepted_share": ("accepted",),
        "rejected": ("accepted",),
    },
)

RESULT = Chart(
    name="result",
    initial="open",
    moves={"open": ("settled",), "settled": ("reopened",), "reopened": ("settled",)},
)

SEAT = Chart(
    name="seat", initial="held", moves={"held": ("passed", "lapsed"), "lapsed": ("held",), "passed": ()},
)

WEBHOOK_DELIVERY = Chart(
    name="webhook delivery",
    initial="waiting",
    moves={"waiting": ("delivered", "failed"), "failed": ("waiting",), "delivered": ("waiting",)},
)

QUESTION = Chart(
    name="question", moves={"open": ("answered", "withdrawn"), "answered": (), "withdrawn": ()}, initial="open",
)
"""withdrawn is its author's own wish; nobody else ends a question without an answer."""

WAIT_PLACE = Chart(
    name="wait place",
    initial="waiting",
    moves={
        "waiting": ("paused", "told", "begun", "left"),
        "paused": ("waiting", "begun", "left"),
        "told": ("waiting", "paused", "begun", "left"),
        "begun": (),
        "left": (),
    },
)
"""told goes back to waiting, to the same place, where nothing came of it; begun is the end that everybody on the list hopes for."""

REFERRAL = Chart(
    name="referral",
    initial="promised",
    moves={
        "promised": ("paid", "held", "lapsed"), "held": ("paid", "refused"), "paid": (), "lapsed": (), "refused": (),
    },
)
"""held while a person looks into whether both are one; refused needs that person's finding, silence pays."""
