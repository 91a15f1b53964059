#!/usr/bin/env bash
# Makes .venv: Python 3.10, everything in the requirements file checked against its hashes, and the stand-in for TensorFlow.
# Usage: setup.sh [dev]
set -euo pipefail
cd "$(dirname "$0")/.."
kind=${1:-run}
files=(requirements.txt); [ "$kind" = dev ] && files+=(requirements-dev.txt)
stamp=.venv/.installed-$kind
current=$(cat "${files[@]}" standin/pyproject.toml standin/*/*.py | sha256sum)
if [ "$(cat "$stamp" 2>/dev/null)" = "$current" ]; then exit 0; fi
uv=$(scripts/find-uv.sh)
[ -x .venv/bin/python ] || "$uv" venv --quiet --python "$(scripts/find-python.sh)" .venv
echo "setup: installing the $kind requirements into .venv (about 850 MB)" >&2
requirements=(); for file in "${files[@]}"; do requirements+=(-r "$file"); done
"$uv" pip install --quiet --python .venv/bin/python --no-deps --require-hashes "${requirements[@]}" || {
  echo "setup: the requirements could not be installed; is a package index reachable?" >&2; exit 1; }
# Built in a copy, so that the build leaves nothing in the tree.
copy=$(mktemp -d); trap 'rm -rf "$copy"' EXIT
cp -r standin/. "$copy"
"$uv" pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --reinstall "$copy"
echo "$current" > "$stamp"
