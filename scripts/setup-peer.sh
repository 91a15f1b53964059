#!/usr/bin/env bash
# Makes .peer/venv: Rasa 3.6.21 as it comes, TensorFlow included (about 2.5 GB), checked against hashes. Only measurements need it.
set -euo pipefail
cd "$(dirname "$0")/.."
stamp=.peer/venv/.installed
current=$(cat scripts/setup-peer.sh requirements-peer.txt | sha256sum)
if [ "$(cat "$stamp" 2>/dev/null)" = "$current" ]; then exit 0; fi
uv=$(scripts/find-uv.sh)
[ -x .peer/venv/bin/python ] || "$uv" venv --quiet --python "$(scripts/find-python.sh)" .peer/venv
echo "setup-peer: installing Rasa and TensorFlow into .peer/venv (about 2.5 GB)" >&2
"$uv" pip install --quiet --python .peer/venv/bin/python --no-deps --require-hashes -r requirements-peer.txt
# As ours is (scripts/setup.sh).
.peer/venv/bin/python -m compileall -q -j 0 .peer/venv/lib > /dev/null 2>&1 || true
echo "$current" > "$stamp"
