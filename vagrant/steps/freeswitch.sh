#!/bin/bash
# FreeSWITCH, the program. FREESWITCH_FROM: nix (no account), signalwire (FS_TOKEN), installed (one of your own).
# What was chosen once is kept; fetched again only while it is older than its security notes allow, and kept on loopback.
set -euo pipefail
# shellcheck source=../lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

# CVE-2026-116779: before this a stranger's SIP MESSAGE can run commands.
SAFE=1.11.3
# The Nix of Debian 12 is too old for today's packages: it fetches a newer one first, from a release it can read.
NIX_FIRST=${NIX_FIRST:-https://channels.nixos.org/nixos-24.11/nixexprs.tar.xz}
NIX_CHANNEL=${NIX_CHANNEL:-https://channels.nixos.org/nixpkgs-unstable/nixexprs.tar.xz}
NIX_PROFILE=/nix/var/nix/profiles/per-user/root/fsdialer
PROGRAM=/usr/local/sbin/fsdialer-freeswitch

# Nix builds as nobody who owns anything, even if it only puts a profile together; Debian's package makes no such users.
nix_builders() {
  local number
  groupadd --force --system nixbld
  for number in 1 2 3 4; do
    id "nixbld$number" >/dev/null 2>&1 ||
      useradd --system --no-create-home --shell /usr/sbin/nologin --gid nixbld --groups nixbld "nixbld$number"
  done
}

from_nix() {
  packages nix-bin xz-utils
  nix_builders
  if [ ! -x "$NIX_PROFILE-tool/bin/nix-env" ]; then
    nix-env -p "$NIX_PROFILE-tool" -f "$NIX_FIRST" -iA nixVersions.stable
  fi
  "$NIX_PROFILE-tool/bin/nix-env" -p "$NIX_PROFILE" -f "$NIX_CHANNEL" -iA freeswitch
  ln -sfn "$NIX_PROFILE/bin/freeswitch" "$PROGRAM"
}

from_signalwire() {
  packages ca-certificates curl gnupg
  local base=https://freeswitch.signalwire.com/repo/deb/debian-release key
  if [ -n "${FS_TOKEN:-}" ]; then
    put /etc/apt/auth.conf.d/freeswitch.conf 0600 <<<"machine freeswitch.signalwire.com login signalwire password $FS_TOKEN"
  fi
  key=$(mktemp)
  curl -fsS --retry 3 --netrc-file /etc/apt/auth.conf.d/freeswitch.conf -o "$key" "$base/signalwire-freeswitch-repo.gpg" ||
    { rm -f "$key"; echo "The vendor's server did not give its key: is FS_TOKEN right?" >&2; exit 1; }
  put /usr/share/keyrings/signalwire-freeswitch.gpg 0644 <"$key"
  rm -f "$key"
  put /etc/apt/sources.list.d/freeswitch.list 0644 <<<"deb [signed-by=/usr/share/keyrings/signalwire-freeswitch.gpg] $base/ bookworm main"
  newest_packages freeswitch freeswitch-mod-{avmd,commands,console,dialplan-xml,dptools,event-socket,logfile,loopback,opus,rtc,sndfile,sofia,spandsp,tone-stream,xml-curl}
  ln -sfn "$(command -v freeswitch)" "$PROGRAM"
}

from_installed() {
  local program=${FREESWITCH:-$(readlink -e "$PROGRAM" || command -v freeswitch || true)}
  [ -x "$program" ] || { echo "FREESWITCH_FROM=installed, but there is no freeswitch: name it with FREESWITCH" >&2; exit 1; }
  ln -sfn "$program" "$PROGRAM"
}

# at_least VERSION LEAST
at_least() { [ "$(printf '%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

version() { "$PROGRAM" -version | grep -oE '[0-9]+\.[0-9]+\.[0-9]+' | head -n 1; }

# chosen: FREESWITCH_FROM, or whose token there is, or what it was last time.
chosen() {
  if [ -n "${FREESWITCH_FROM:-}" ]; then
    echo "$FREESWITCH_FROM"
  elif [ -n "${FS_TOKEN:-}" ]; then
    echo signalwire
  else
    cat "$ETC/freeswitch.from" 2>/dev/null || echo nix
  fi
}

account freeswitch
unit freeswitch.service
if ! files_only; then
  from=$(chosen)
  case $from in
    nix | signalwire)
      if [ "$from" != "$(cat "$ETC/freeswitch.from" 2>/dev/null)" ] || ! at_least "$(version)" "$SAFE"; then "from_$from"; fi
      ;;
    installed) from_installed ;;
    *) echo "FREESWITCH_FROM=$from: nix, signalwire or installed" >&2; exit 1 ;;
  esac
  version=$(version)
  echo "FreeSWITCH $version from $from"
  put /etc/fsdialer/freeswitch.from 0644 <<<"$from"
  put /etc/fsdialer/freeswitch.program 0644 <<<"$version $(readlink -f "$PROGRAM")"
  if ! at_least "$version" "$SAFE"; then
    echo "FreeSWITCH $version is older than $SAFE (CVE-2026-116779): it is kept on loopback, for the soft operators alone." >&2
    SIP_IP=127.0.0.1
  fi
fi
put /etc/fsdialer/sip_ip 0644 <<<"$SIP_IP"
