#!/usr/bin/env bash
# Installs what the tests need beside Python (a browser, PostgreSQL, Redis, nginx), trains once, and runs every test.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup-programs.sh chromium postgresql redis-server nginx-light
.venv/bin/python -m launcher.train
.venv/bin/ruff check .
.venv/bin/mypy
exec .venv/bin/python -m pytest "$@"
