"""Who somebody is whom a client knows by a pseudonym, and whose a submission or a lease is."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable

from marketplace.models import Lease, Submission, WorkerRecord
from workers import pseudonyms, search
from workers.models import Organisation

PSEUDONYM = re.compile(rf"W-?([{pseudonyms.ALPHABET}]{{4}})-?([{pseudonyms.ALPHABET}]{{4}})")
PAIRS_MOST = 200_000
"""Workers and clients of theirs that are looked through for a pseudonym, the latest first: it cannot be read back."""


def by_pseudonym(words: str) -> Iterable[uuid.UUID]:
    """The worker whom one of their clients knows by this name."""
    found = PSEUDONYM.fullmatch(words.upper())
    if found is None:
        return
    wanted = f"W-{found[1]}-{found[2]}"
    salts = dict(Organisation.objects.values_list("pk", "pseudonym_salt"))
    pairs = WorkerRecord.objects.order_by("-pk").values_list("worker_id", "project__organisation_id")[:PAIRS_MOST]
    seen: set[tuple[uuid.UUID, uuid.UUID]] = set()
    for pair in pairs.iterator(chunk_size=5_000):
        if pair in seen:
            continue
        seen.add(pair)
        if pseudonyms.made_from(worker_id=pair[0], salt=bytes(salts[pair[1]])) == wanted:
            yield pair[0]
            return


def by_work(words: str) -> Iterable[uuid.UUID]:
    """Whose this submission or lease is."""
    if (own := search.read_id(words)) is not None:
        yield from Submission.objects.filter(pk=own).values_list("worker_id", flat=True)
        yield from Lease.objects.filter(pk=own).values_list("worker_id", flat=True)


search.declare(by_pseudonym)
search.declare(by_work)
