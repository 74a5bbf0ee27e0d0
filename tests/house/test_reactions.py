"""The table of reactions leads to handlers that exist and that take whatever an event may bring later."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest
from django.utils.module_loading import import_string

from config.reactions import REACTIONS


@pytest.mark.parametrize("path", sorted({path for paths in REACTIONS.values() for path in paths}))
def test_a_handler_exists_and_takes_more_than_it_knows(path: str) -> None:
    handler = import_string(path)
    kinds = [parameter.kind for parameter in inspect.signature(handler).parameters.values()]
    assert inspect.Parameter.VAR_KEYWORD in kinds, "old and new code meet while a release rolls out"


def test_a_process_that_only_serves_pages_knows_the_notices_that_runners_tell() -> None:
    code = "import django; django.setup(); from workers import notices; print(*notices.KINDS)"
    known = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"payout.sent", "payout_account.ready", "funding.settled"} <= set(known)
