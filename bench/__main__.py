"""`python -m bench [--full] [name ...]`: measures each figure, prints one line each, exits 1 when one is short."""

from __future__ import annotations

import atexit
import shutil
import sys
import tempfile
from importlib import import_module
from pathlib import Path

from bench import servers
from bench.report import Figure

GROUPS = ("cycle", "imports", "ledger", "quality", "snapshot", "pages")


def main() -> None:
    full = "--full" in sys.argv
    wanted = [name for name in sys.argv[1:] if not name.startswith("-")] or GROUPS
    figures: list[Figure] = []
    folder = tempfile.mkdtemp(prefix="marketplace-bench-")
    # Registered before the servers' own exit hooks, so it runs after them.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    servers.prepare(Path(folder))
    for name in wanted:
        for figure in import_module(f"bench.{name}").run(full):
            print(figure.line(), flush=True)
            figures.append(figure)
    sys.exit(0 if all(figure.ok for figure in figures) else 1)


if __name__ == "__main__":
    main()
