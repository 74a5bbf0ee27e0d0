"""`python -m tests.drills [--size small|full] [D1 ...]`: runs drills and their sabotaged twins, prints one line each."""

from __future__ import annotations

import argparse
import signal
import sys
import time
import traceback

from tests.drills.figure import Figure
from tests.drills.money import stage as stages
from tests.drills.money.catalogue import DRILLS, Drill


def main() -> None:
    said = _arguments()
    # Whoever ends this ends its servers too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    right = True
    with stages.raised() as stage:
        stage.full = said.size == "full"
        for drill in [DRILLS[name] for name in said.names or DRILLS]:
            for sabotaged in (False, True):
                right &= _one(stage, drill, sabotaged).passed is not sabotaged
    sys.exit(0 if right else 1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*DRILLS, []], metavar="D1")
    parser.add_argument("--size", choices=("small", "full"), default="full")
    return parser.parse_args()


def _one(stage: stages.Stage, drill: Drill, sabotaged: bool) -> Figure:
    """One run on a clean stage. A drill that breaks has failed; a twin that breaks was not caught but lost, and counts as passed."""
    began = time.monotonic()
    try:
        stages.clear(stage, drill.name)
        figure = drill.body()(stage, sabotaged)
    except Exception:
        traceback.print_exc()
        figure = Figure("broke", "runs", sabotaged)
    name = drill.name + "-" * sabotaged
    sys.stdout.write(f"{name} {figure.value} {figure.bound} {'pass' if figure.passed else 'fail'}\n")
    sys.stdout.flush()
    sys.stderr.write(f"  {name}: {time.monotonic() - began:.1f} s of wall time\n")
    return figure


if __name__ == "__main__":
    main()
