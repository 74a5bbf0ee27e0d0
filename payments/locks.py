"""Every lock that money takes apart from the ledger's own, in one place; postings come last in a transaction."""

from __future__ import annotations

import uuid

from django.db import connection



def reserve_of(batch_id: uuid.UUID) -> None:
    """Whoever decides by what is left of a batch's reserve does so alone; submissions are not kept waiting.

    The 64 random low bits of the batch's id name the lock, which ends with the transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(batch_id.bytes[8:], "big", signed=True)])
