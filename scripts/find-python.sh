#!/usr/bin/env bash
# Prints the path of a Python 3.10: PYTHON310, one on the path, one of pyenv's, or one that uv finds or fetches.
set -euo pipefail
cd "$(dirname "$0")/.."
works() { [ -n "$1" ] && "$1" -c 'import sys; raise SystemExit(sys.version_info[:2] != (3, 10))' >/dev/null 2>&1; }
for candidate in "${PYTHON310:-}" "$(command -v python3.10 || true)" \
                 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.10.*/bin/python; do
  if works "$candidate"; then echo "$candidate"; exit 0; fi
done
uv=$(scripts/find-uv.sh)
found=$("$uv" python find 3.10 2>/dev/null || true)
if ! works "$found"; then
  echo "setup: fetching Python 3.10 with uv" >&2
  "$uv" python install --quiet 3.10 >&2 || true
  found=$("$uv" python find 3.10 2>/dev/null || true)
fi
works "$found" || { echo "setup: no Python 3.10 found and uv could not fetch one; install it, or set PYTHON310 to its path" >&2; exit 1; }
echo "$found"
