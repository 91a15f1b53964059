#!/usr/bin/env bash
# Compiles both requirements files: pinned, hashed, and free of any index's address.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=$(scripts/find-uv.sh)
python=$(scripts/find-python.sh)
common=(--python "$python" --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header
        --override requirements-overrides.txt --quiet)
"$uv" pip compile "${common[@]}" requirements.in -o requirements.txt
"$uv" pip compile "${common[@]}" requirements-dev.in -o requirements-dev.txt
