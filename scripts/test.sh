#!/usr/bin/env bash
# Installs what the browser tests need beside Python, trains once, and runs every test.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v chromium >/dev/null 2>&1; then
  echo "test: installing Chromium with apt-get" >&2
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } >/dev/null 2>&1 \
    || { echo "test: chromium is missing and could not be installed with apt-get; install it and run this again" >&2; exit 1; }
fi
.venv/bin/python -m launcher.train
.venv/bin/ruff check .
.venv/bin/mypy
exec .venv/bin/python -m pytest "$@"
