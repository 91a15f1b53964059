#!/usr/bin/env bash
# Prints the path of uv, which it installs into .tools/ from the package index when there is none.
set -euo pipefail
cd "$(dirname "$0")/.."
if command -v uv >/dev/null 2>&1; then command -v uv; exit 0; fi
uv=.tools/uv/bin/uv
if [ ! -x "$uv" ]; then
  command -v python3 >/dev/null 2>&1 || { echo "setup: no python3 found; install Python 3 and run this again" >&2; exit 1; }
  echo "setup: installing uv into .tools/" >&2
  mkdir -p .tools
  if ! python3 -m pip install --quiet --disable-pip-version-check --target .tools/uv 'uv>=0.5,<1' >.tools/uv.log 2>&1; then
    # Debian's python3 may come without pip, and refuse to install outside an environment.
    { python3 -m venv .tools/uv && .tools/uv/bin/python -m pip install --quiet 'uv>=0.5,<1'; } >>.tools/uv.log 2>&1 || {
      echo "setup: could not install uv from the package index (see .tools/uv.log); install it by hand, or give python3 pip or venv" >&2
      exit 1
    }
  fi
fi
echo "$PWD/$uv"
