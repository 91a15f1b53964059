#!/usr/bin/env bash
# Starts the product with a database of its own and takes the screenshots of docs/screenshots.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
export PORT=8097 ACTIONS_PORT=5097 CONSOLE_PORT=8098 DATABASE_URL="sqlite:///$folder/outreach.db"
.venv/bin/python -m launcher > "$folder/log" 2>&1 & launcher=$!
trap 'kill $launcher; wait $launcher || true; rm -rf "$folder"' EXIT
for _ in $(seq 120); do grep -q '^ready:' "$folder/log" && break; sleep 1; done
grep -q '^ready:' "$folder/log" || { echo "shots: the assistant did not start: $(tail -1 "$folder/log")" >&2; exit 1; }
.venv/bin/python tests/e2e/shots.py "http://127.0.0.1:$PORT"
.venv/bin/python tests/e2e/console_shots.py
