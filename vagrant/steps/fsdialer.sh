#!/bin/bash
# The dialer, its worker and its web, and what FreeSWITCH is told.
set -euo pipefail
# shellcheck source=../lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

account fsdialer
put /etc/fsdialer/fsdialer.env 0640 root:fsdialer <<ENV
FSDIALER_REDIS_URL=redis://:$(secret redis)@127.0.0.1:6379/0
FSDIALER_SECRET_KEY=$(secret web)
FSDIALER_LISTEN=0.0.0.0:8080
FSDIALER_RECORDINGS=/var/lib/fsdialer/recordings
ENV
# FreeSWITCH writes here, the worker and the web read: new files belong to the group.
files_only || install -d -m 2770 -o fsdialer -g fsdialer /var/lib/fsdialer/recordings
for name in fsdialer-dialer fsdialer-worker fsdialer-web; do unit "$name.service"; done

# In a virtual environment of its own, owned by root: the services cannot change what they run.
install_package() {
  local build
  packages python3 python3-venv
  [ -x "$VENV/bin/pip" ] || python3 -m venv "$VENV"
  build=$(mktemp -d)
  cp -r "$SOURCE"/{fsdialer,web,setup.cfg,setup.py,pyproject.toml,README.md,LICENSE} "$build"
  "$VENV/bin/pip" install --quiet --disable-pip-version-check "$build"
  "$VENV/bin/pip" install --quiet --disable-pip-version-check --force-reinstall --no-deps "$build"
  rm -rf "$build"
  mkdir -p "$VENV/share/fsdialer"
  rm -rf "$VENV/share/fsdialer/freeswitch"
  cp -r "$SOURCE/freeswitch" "$VENV/share/fsdialer/"
}

if ! files_only; then
  install_package
  put /usr/local/bin/fsdialer 0755 <"$HERE/fsdialer"
  service fsdialer-worker fsdialer-web
fi
