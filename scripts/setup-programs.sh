#!/usr/bin/env bash
# Installs from Debian what is not there yet: scripts/setup-programs.sh [chromium] [postgresql] [redis-server] [nginx-light] [faketime]
set -euo pipefail

there() {  # By which program it is known to be there.
  case $1 in
    postgresql) compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || command -v postgres >/dev/null 2>&1 ;;
    nginx-light) command -v nginx >/dev/null 2>&1 || [ -x /usr/sbin/nginx ] ;;
    *) command -v "$1" >/dev/null 2>&1 ;;
  esac
}

packages=()
for each in "$@"; do there "$each" || packages+=("$each"); done
if [ ${#packages[@]} -eq 0 ]; then exit 0; fi
echo "setup: installing ${packages[*]} with apt-get" >&2
# The tests start their own: what comes with a package is started neither now nor at the next boot.
no_services=''
if [ ! -e /usr/sbin/policy-rc.d ] && { printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d; } 2>/dev/null; then
  no_services=made; chmod +x /usr/sbin/policy-rc.d; trap 'rm -f /usr/sbin/policy-rc.d' EXIT
fi
{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}"; } \
  >/dev/null 2>&1 || {
  echo "setup: ${packages[*]} could not be installed with apt-get; install what is missing and run this again" >&2; exit 1; }
if [ -n "$no_services" ]; then
  rm -f /usr/sbin/policy-rc.d; trap - EXIT
  command -v systemctl >/dev/null 2>&1 && for each in "${packages[@]}"; do
    service=${each%-light}; [ "$service" = chromium ] || systemctl disable --quiet "$service" >/dev/null 2>&1 || true
  done
fi
exit 0
