#!/usr/bin/env bash
# Makes .venv: Python 3.10, everything in the requirements file checked against its hashes, and the stand-in for TensorFlow.
# Usage: setup.sh [dev]
set -euo pipefail
cd "$(dirname "$0")/.."
kind=${1:-run}
files=(requirements.txt); [ "$kind" = dev ] && files+=(requirements-dev.txt)
stamp=.venv/.installed-$kind
# Python is told on many machines to write no compiled files. Without them each process compiles a thousand modules as it starts.
compile_ours() { .venv/bin/python -m compileall -q actions channels components console launcher outreach > /dev/null || true; }
current=$(cat scripts/setup.sh "${files[@]}" standin/pyproject.toml standin/*/*.py | sha256sum)
if [ "$(cat "$stamp" 2>/dev/null)" = "$current" ]; then compile_ours; exit 0; fi
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
# What does not compile (a library's own tests) is of no matter.
.venv/bin/python -m compileall -q -j 0 .venv/lib > /dev/null 2>&1 || true
compile_ours
echo "$current" > "$stamp"
