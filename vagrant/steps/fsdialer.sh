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

PARTS=(fsdialer web freeswitch setup.cfg setup.py pyproject.toml README.md LICENSE)
# In a virtual environment of its own, owned by root: the services cannot change what they run.
# The last file written says which source it came from: the same one is not installed again.
install_package() {
  local source
  packages python3 python3-venv
  source=$(cd "$SOURCE" && find "${PARTS[@]}" -type f ! -name '*.pyc' -print0 | sort -z | xargs -0 sha256sum | sha256sum)
  if [ "$source" = "$(cat "$INSTALLED" 2>/dev/null)" ]; then return; fi
  [ -x "$VENV/bin/pip" ] || python3 -m venv "$VENV"
  build=$(mktemp -d)
  trap 'rm -rf "$build"' EXIT
  (cd "$SOURCE" && cp -r "${PARTS[@]}" "$build")
  "$VENV/bin/pip" wheel --quiet --disable-pip-version-check --no-deps --wheel-dir "$build/wheel" "$build"
  "$VENV/bin/pip" install --quiet --disable-pip-version-check "$build"/wheel/*.whl
  "$VENV/bin/pip" install --quiet --disable-pip-version-check --force-reinstall --no-deps "$build"/wheel/*.whl # the version may be the same
  put "$INSTALLED" 0644 <<<"$source"
}

if ! files_only; then
  install_package
  put /usr/local/bin/fsdialer 0755 <"$HERE/fsdialer"
  service fsdialer-worker.service "$INSTALLED" /etc/fsdialer/fsdialer.env "$UNITS/fsdialer-worker.service"
fi
