#!/usr/bin/env bash
# The whole suite. Browser tests run where Chromium is on the PATH; where CI is set it is installed first.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -n "${CI:-}" ] && ! command -v chromium >/dev/null && command -v apt-get >/dev/null; then
  echo "Installing Chromium for the browser tests"
  (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-noto-core) >/dev/null
fi
if ! command -v chromium >/dev/null; then
  echo "!!! Chromium is not on the PATH: THE BROWSER TESTS ARE SKIPPED !!!"
fi
# One process more than there are cores: drills and browsers wait a lot.
# A file stays in one process: what its tests set up together is set up once. The longest files come first (tests/conftest.py).
# Any order at a desk, to find tests that lean on each other; one order where something lands.
exec .venv/bin/python -m pytest -n "${TEST_PROCESSES:-3}" --dist loadfile --no-loadscope-reorder ${CI:+-p no:randomly} "$@"
