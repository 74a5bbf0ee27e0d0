"""What the demo's client wants done, beyond the drawers' own samples: messages, prompts and reports, all self-written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from task_types import registry
from task_types.contract import Sample

Row = tuple[dict[str, Any], dict[str, Any]]
"""A row as a file has it, and its right answer."""
Turns = tuple[int, int, int, int, int, int]
"""How many tasks each worker of the cast takes; the first is Ana, whose sign-in is printed: plenty is left for her."""


@dataclass(frozen=True, slots=True)
class Work:
    """One project: its kind and options, its price, the batch long done, the one in motion and its workers' turns, the draft."""

    task_type: str
    name: str
    price: str
    seconds: int
    options: dict[str, Any]
    past: Sequence[Row]
    running: Sequence[Row]
    early: Turns
    recent: Turns
    draft: Sequence[Row] = ()
    settings: dict[str, Any] | None = None
    guideline: str = ""

    @property
    def sample(self) -> Sample:
        return registry.drawer(self.task_type).sample()


SAFETY = "bike-safety"
"""The skill that one project asks for, and its test proves."""

SAFETY_GUIDELINE = """# Is this bike safe to hire out?

Mechanics write a line about every bike that comes back. Say what has to happen **before** it is hired out again.

## 1. Take it off the street
Anything that can make a rider fall or stops the brakes from working: brakes, fork, steering, wheels that are loose or cracked.

## 2. Repair within a week
Worn or noisy, but safe to ride: gears, chain, saddle, dry bearings.

## 3. Ready
Cosmetic, or mended already. A line that says *done* counts as mended.

## 4. When in doubt
Choose the more careful of the two. Nobody is hurt by a bike that stays in the shop.
"""

SAFETY_SETTINGS = {
    "question": "What has to happen before this bike is hired out again?",
    "labels": [
        {"value": "stop", "label": "Take it off the street", "description": "A rider could fall or could not stop"},
        {"value": "repair", "label": "Repair within a week", "description": "Worn or noisy, but safe"},
        {"value": "ready", "label": "Ready", "description": "Cosmetic, or mended already"},
    ],
    "comment": "optional",
}

MESSAGES = (
    ("The rear light went out at dusk and I had to push the bike home.", "fault"),
    ("Could you hold four bikes for us on 3 August? Two of them small, please.", "booking"),
    ("Your invoice says 3 days, we had the bikes for two.", "payment"),
    ("Are helmets included, or do we bring our own?", "question"),
    ("Third summer with you and still the friendliest counter in town.", "feedback"),
    ("Make 300 a day from home! Ask us how: just send your phone number.", "spam"),
    ("The QR code on the lock does not scan, I have tried three phones.", "fault"),
    ("We are nine people now instead of seven. Is that still possible for tomorrow?", "booking"),
    ("I paid with a gift card, but my credit card was charged as well.", "payment"),
    ("Peut-on prendre le vélo dans le train avec votre antivol ?", "question"),
    ("Der Sattel rutscht bei jeder Fahrt herunter, egal wie fest ich ihn stelle.", "fault"),
    ("The new cargo bikes are wonderful, but please put a bell on them that one can hear.", "feedback"),
    ("Please delete my booking, I clicked twice and now have two.", "booking"),
    ("When will the deposit be back on my account? You said three days, it has been eight.", "payment"),
    ("Do you also hire out in winter?", "question"),
    ("Dear shop owner, your parcel could not be delivered. Confirm your bank details here.", "spam"),
    ("The left pedal makes a grinding noise and feels loose.", "fault"),
    ("O freio traseiro quase não trava na descida até ao porto.", "fault"),
    ("Can somebody else pick up the bikes that I booked? I am stuck at work.", "booking"),
    ("I would like a receipt with the name of our association on it.", "payment"),
    ("How far does the electric one go with a full battery and two bags?", "question"),
    ("A pity that the shop by the station closes at five. Everybody arrives at six.", "feedback"),
    ("The battery shows full and dies after two kilometres. I am stranded at the lighthouse.", "fault"),
    ("Hello, we checked your website and found 14 errors that cost you customers!", "spam"),
)

NEXT_WEEK = (
    ("We would like to keep the tandem one day longer, until Monday evening.", "booking"),
    ("The gears jump whenever I go uphill.", "fault"),
    ("Is there a discount for school classes?", "question"),
    ("You charged the late fee although the station was full and I could not return the bike.", "payment"),
    ("Tolle Tour, tolle Räder, wir kommen wieder!", "feedback"),
    ("Cheap printer ink, today only.", "spam"),
    ("My front tyre is flat and I have no pump. Where is the nearest station?", "fault"),
    ("Please change the name on the booking to Ilse Marquardt.", "booking"),
    ("Does the insurance cover a stolen bike?", "question"),
    ("The card reader took my money and printed no receipt.", "payment"),
)

PROMPTS = (
    (
        "My hire bike has a flat tyre in the middle of the tour. What now?",
        "Lock it at a safe spot, write down the number on the frame, and call the station: we bring another bike within an hour "
        "in town. You do not pay for the time that you wait.",
        "Flat tyres are usually caused by sharp objects such as glass or thorns. You should avoid riding over them.",
        "a",
    ),
    (
        "Can I bring my dog in the basket?",
        "Dogs are animals and each behaves differently.",
        "Up to about 6 kg, yes: ask for the basket with a lead clip at the counter. For bigger dogs we have trailers, 9 euros a day.",
        "b",
    ),
    (
        "How do I cancel, and does it cost anything?",
        "In the app under My bookings, until the evening before, free of charge. On the day itself half the price is due.",
        "Open My bookings and choose Cancel. Until 18:00 on the day before nothing is charged; later it is half the price.",
        "tie",
    ),
    (
        "Which route do you recommend for a family with small children?",
        "The harbour path to the lighthouse: 7 km, flat, no cars, with a playground and ice cream half-way.",
        "We have many beautiful routes of all kinds. Please look at the map on our website.",
        "a",
    ),
    (
        "Is the price per bike or per booking?",
        "It depends on various factors.",
        "Per bike and day. Helmets, locks and a small repair kit are included.",
        "b",
    ),
    (
        "The app says that my card was refused. Why?",
        "Most often the limit for the deposit is too low: we reserve 50 euros per bike. Your bank can tell you; another card or cash "
        "at the counter works too.",
        "Your card was refused because of a problem with your card.",
        "a",
    ),
    (
        "Do you have bikes for somebody who is two metres tall?",
        "Yes, frame size 64 fits up to 2.05 m. There are six of them, so book ahead in July and August.",
        "Yes! We have large bikes. Size 64 is right for you; please reserve it, as there are only a few.",
        "tie",
    ),
    (
        "Write a short sign for the door: closed on Monday, open again on Tuesday at nine.",
        "Attention all valued customers: kindly be informed that due to internal reasons our facility will not be accessible.",
        "Closed on Monday. We are back on Tuesday at nine. See you then!",
        "b",
    ),
)

REPORTS = (
    ("Front brake lever goes to the handlebar, no bite at all.", "stop"),
    ("Scratch on the mudguard, paint only.", "ready"),
    ("Chain dry and squeaking, shifts fine.", "repair"),
    ("Hairline crack at the fork crown, left side.", "stop"),
    ("Saddle torn, foam shows.", "repair"),
    ("Rear brake pads changed, done.", "ready"),
    ("Stem turns against the wheel when I hold it firmly.", "stop"),
    ("Bell missing.", "repair"),
    ("Front wheel out of true by 4 mm, brushes the pad.", "repair"),
    ("Quick release of the front wheel was open when it came back; closed, but the lever is bent.", "stop"),
    ("Sticker half off.", "ready"),
    ("Third gear skips under load.", "repair"),
)

JUSTIFICATIONS = (
    "It answers the question that was asked, and says what to do next.",
    "The other one talks around the question; this one can be followed at once.",
    "Shorter, friendlier, and nothing in it is wrong.",
    "It names the price and the time, which is what the person wanted to know.",
)

QUESTIONS = (
    ("A bike comes back with a brake lever that reaches the handlebar. What comes first?",
     ("Hire it out with a discount", "Take it off the street", "Write it down for next month"), 2),
    ("Which of these can make a rider fall at once?",
     ("A torn saddle", "A faded sticker", "A crack in the fork"), 3),
    ("A report says: rear pads changed, done. What is the bike now?",
     ("Ready", "To be repaired within a week", "Off the street"), 1),
    ("You cannot tell whether a bike is safe. Which answer is right?",
     ("The cheaper one", "The more careful one", "Whichever colleagues chose"), 2),
    ("How much play may a headset have?",
     ("None that one can feel", "About a centimetre", "It does not matter"), 1),
    ("The chain squeaks, everything else works. What has to happen?",
     ("Nothing", "Repair within a week", "Take it off the street"), 2),
)


def works() -> tuple[Work, ...]:
    """All projects of the client, oldest first."""
    messages, prompts, tables = (_sampled(kind) for kind in ("choice", "response_comparison", "image_boxes"))
    reports = [({"text": text}, {"label": label}) for text, label in REPORTS]
    return (
        Work(
            "choice", "Which desk has to act?", "0.06", 14, {"overlap": 3, "max_overlap": 5, "review_rule": "none"},
            past=messages, running=_messages(MESSAGES), early=(0, 2, 2, 0, 1, 1), recent=(6, 4, 4, 3, 4, 2), draft=_messages(NEXT_WEEK),
        ),
        Work(
            "image_boxes", "Fruit on a table", "0.22", 40, {"overlap": 2, "max_overlap": 2, "review_rule": "all"},
            past=tables[:6], running=tables[6:], early=(0, 1, 0, 1, 0, 0), recent=(3, 1, 1, 0, 1, 0),
        ),
        Work(
            "response_comparison", "Answers of our help bot", "0.45", 95,
            {"overlap": 2, "max_overlap": 3, "review_rule": "client", "ai_use": "forbidden"},
            past=prompts[:8], running=[_prompt(*one) for one in PROMPTS] + prompts[8:], early=(0, 1, 1, 0, 1, 0), recent=(2, 2, 1, 1, 1, 1),
        ),
        Work(
            "choice", "Is this bike safe to hire out?", "0.12", 20,
            {
                "overlap": 2, "max_overlap": 3, "review_rule": "none",
                "eligibility": {"all": [{"fact": "skill", "skill": SAFETY, "tier": 1}]},
            },
            past=reports[:5], running=reports[5:], early=(0, 1, 1, 0, 0, 0), recent=(0, 1, 1, 2, 1, 0),
            settings=SAFETY_SETTINGS, guideline=SAFETY_GUIDELINE,
        ),
    )  # fmt: skip


def _sampled(kind: str) -> list[Row]:
    sample = registry.drawer(kind).sample()
    return [(dict(row), dict(sample.gold[at])) for at, row in enumerate(sample.rows)]


def _messages(written: Sequence[tuple[str, str]]) -> list[Row]:
    return [({"text": text}, {"label": desk}) for text, desk in written]


def _prompt(prompt: str, a: str, b: str, better: str) -> Row:
    return {"prompt": prompt, "response_a": a, "response_b": b}, {"preference": better}
