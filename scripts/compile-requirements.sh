#!/usr/bin/env bash
# Compiles the requirements files: pinned, hashed, and free of any index's address.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=$(scripts/find-uv.sh)
python=$(scripts/find-python.sh)
common=(--python "$python" --generate-hashes --no-annotate --no-header --quiet)
without_tensorflow=(--override requirements-overrides.txt)
"$uv" pip compile "${common[@]}" "${without_tensorflow[@]}" requirements.in -o requirements.txt
"$uv" pip compile "${common[@]}" "${without_tensorflow[@]}" requirements-dev.in -o requirements-dev.txt
"$uv" pip compile "${common[@]}" requirements-peer.in -o requirements-peer.txt
