#!/usr/bin/env bash
# Installs what the tests need beside Python (a browser, PostgreSQL, Redis, nginx), trains once, and runs every test.
set -euo pipefail
cd "$(dirname "$0")/.."

# What comes from Debian, and the program by which it is known to be there.
packages=()
command -v chromium >/dev/null 2>&1 || packages+=(chromium)
compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || command -v postgres >/dev/null 2>&1 || packages+=(postgresql)
command -v redis-server >/dev/null 2>&1 || packages+=(redis-server)
command -v nginx >/dev/null 2>&1 || [ -x /usr/sbin/nginx ] || packages+=(nginx-light)
if [ ${#packages[@]} -gt 0 ]; then
  echo "test: installing ${packages[*]} with apt-get" >&2
  # The tests start their own: what comes with a package is started neither now nor at the next boot.
  no_services=''
  if [ ! -e /usr/sbin/policy-rc.d ] && { printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d; } 2>/dev/null; then
    no_services=made; chmod +x /usr/sbin/policy-rc.d; trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}"; } \
    >/dev/null 2>&1 || {
    echo "test: ${packages[*]} could not be installed with apt-get; install what is missing and run this again" >&2; exit 1; }
  if [ -n "$no_services" ]; then
    rm -f /usr/sbin/policy-rc.d; trap - EXIT
    command -v systemctl >/dev/null 2>&1 && for each in "${packages[@]}"; do
      service=${each%-light}; [ "$service" = chromium ] || systemctl disable --quiet "$service" >/dev/null 2>&1 || true
    done
  fi
fi
.venv/bin/python -m launcher.train
.venv/bin/ruff check .
.venv/bin/mypy
exec .venv/bin/python -m pytest "$@"
