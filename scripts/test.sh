#!/usr/bin/env bash
# Installs what the tests need beside Python (a browser, PostgreSQL, Redis, nginx), trains once, and runs every test.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup-programs.sh chromium postgresql redis-server nginx-light
.venv/bin/python -m launcher.train
.venv/bin/ruff check .
.venv/bin/mypy
# Most of the time somebody is waited for: two at a time, a file after the other, those that start servers first.
exec .venv/bin/python -m pytest -n "${PARALLEL:-2}" --dist loadfile --no-loadscope-reorder "$@"
