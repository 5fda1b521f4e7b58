# shellcheck shell=bash
# What the steps share: where things are, files that appear whole, secrets made once, services.

ROOT=${ROOT:-}
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
SOURCE=${SOURCE:-$(dirname "$HERE")}
ETC=$ROOT/etc/fsdialer
# The address others reach this machine at: as said now, else as the last time.
SIP_IP=${SIP_IP:-$(cat "$ETC/address" 2>/dev/null || echo 127.0.0.1)}
# shellcheck disable=SC2034  # for the steps
VENV=/opt/fsdialer/venv
# shellcheck disable=SC2034
INSTALLED=$VENV/installed
# shellcheck disable=SC2034
SWITCH_CONF=/etc/fsdialer/freeswitch
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

# Files alone, or the machine too?
files_only() { [ -n "$ROOT" ]; }

# Does an init run here? Not in a chroot: units are enabled there, and start with the machine.
booted() { [ -d /run/systemd/system ]; }

# put FILE MODE [OWNER:GROUP] < TEXT: there whole or not at all; says so only when something changed.
put() {
  local file=$ROOT$1 mode=$2 owner=${3:-root:root} fresh
  mkdir -p "$(dirname "$file")"
  fresh=$(mktemp "$(dirname "$file")/.new.XXXXXX")
  cat >"$fresh"
  chmod "$mode" "$fresh"
  files_only || chown "$owner" "$fresh"
  if cmp -s "$fresh" "$file" && [ "$(stat -c %a "$file")" = "${mode#0}" ]; then
    files_only || chown "$owner" "$file"
    rm -f "$fresh"
  else
    mv -f "$fresh" "$file"
    echo "wrote $file"
  fi
}

# secret NAME: the secret of this name, made once, readable by root alone.
secret() {
  local file=$ETC/secrets/$1
  if [ ! -s "$file" ]; then
    install -d -m 0755 "$ETC" # for everybody: services look for their files in it
    (umask 077 && mkdir -p "$ETC/secrets" && od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"$file")
  fi
  cat "$file"
}

# packages NAME…: installed; nothing is asked of the network when they are.
packages() {
  local states
  if files_only; then return; fi
  if states=$(dpkg-query -W -f '${db:Status-Status}\n' "$@" 2>/dev/null) && ! grep -qvx installed <<<"$states"; then return; fi
  newest_packages "$@"
}

# newest_packages NAME…: the newest there are. A machine just started may be at its own updates: they are waited for.
newest_packages() {
  local said
  for _ in $(seq 60); do
    if said=$(apt-get update -qq -o Acquire::Retries=3 2>&1); then
      apt-get install -y -qq --no-install-recommends -o Acquire::Retries=3 -o DPkg::Lock::Timeout=600 "$@" >/dev/null
      return
    fi
    grep -q 'Could not get lock' <<<"$said" || break
    sleep 5
  done
  echo "$said" >&2
  return 1
}

# account NAME: a user of its own that nobody can sign in as.
account() { files_only || id "$1" >/dev/null 2>&1 || useradd --system --user-group --no-create-home --shell /usr/sbin/nologin "$1"; }

UNITS=/etc/systemd/system
# unit NAME: ours, from systemd/.
unit() { put "$UNITS/$1" 0644 <"$HERE/systemd/$1"; }

# since UNIT: when it was started, in microseconds since 1970; 0 while it does not run.
since() {
  if systemctl is-active --quiet "$1"; then
    date -d "$(systemctl show --timestamp=us+utc -P ActiveEnterTimestamp "$1")" +%s%6N
  else
    echo 0
  fi
}

# newest FILE…: when the last of them was written, in microseconds since 1970.
newest() { date -d "@$(stat -c %.9Y "$@" | sort -n | tail -n 1)" +%s%6N; }

# outdated UNIT FILE…: is the unit not running, or a file newer than its start?
outdated() {
  local started
  started=$(since "$1")
  [ "$started" -eq 0 ] || [ "$(newest "${@:2}")" -ge "$started" ]
}

# service UNIT FILE…: enabled, and running with the files as they are now. What does already is left alone: calls go on.
service() {
  if files_only; then return; fi
  if booted; then systemctl daemon-reload; fi
  systemctl enable --quiet "$1"
  if booted && outdated "$@"; then
    systemctl restart "$1"
    echo "started $1"
  fi
}
