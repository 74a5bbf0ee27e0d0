"""Counts statements as they go over the wire, whoever sends them."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

STATEMENT = re.compile(r"\tF\t\d+\t(?:Query|Execute)\t")
"""In libpq's trace: a simple query, or the execution of a prepared one; BEGIN and COMMIT are statements too."""


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collects every statement that goes over Django's connection."""
    connection.ensure_connection()
    raw = connection.connection.pgconn
    sent: list[str] = []
    with tempfile.NamedTemporaryFile("r") as file:
        descriptor = os.open(file.name, os.O_WRONLY)
        raw.trace(descriptor)
        try:
            yield sent
        finally:
            raw.untrace()
            os.close(descriptor)
        sent.extend(line for line in file if STATEMENT.search(line))
