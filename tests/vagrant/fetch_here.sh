#!/bin/bash
# steps/freeswitch.sh as it stands, fetching FreeSWITCH from Nix and from the vendor: Debian's own Nix, apt and curl, and
# `sources.py` in place of the two servers; on a copy of the machine (copy_of_machine.sh).
set -euo pipefail

case ${1:-} in
  '') # what Debian has is fetched from Debian
    rm -f /usr/local/bin/freeswitch /usr/bin/freeswitch
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends nix-bin xz-utils ca-certificates curl gnupg openssl python3 iproute2 >/dev/null
    exec unshare --net bash "$0" alone
    ;;
  alone) # and from here on nobody is there but the stand-ins
    ip link set lo up
    rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/* /var/lib/apt/lists/*
    python3 /fsdialer/tests/vagrant/sources.py make /tmp/sources 2>/dev/null
    cp /tmp/sources/ca.crt /usr/local/share/ca-certificates/sources.crt
    update-ca-certificates >/dev/null 2>&1
    printf '127.0.0.1 localhost channels.nixos.org releases.nixos.org freeswitch.signalwire.com\n' >/etc/hosts
    python3 /fsdialer/tests/vagrant/sources.py serve /tmp/sources 2>>/tmp/asked &
    until curl -s -o /dev/null https://channels.nixos.org/; do sleep 0.1; done
    # The stand-ins' packages are built here, by this machine's shell; the real ones come built.
    export NIX_CONFIG=$'sandbox = false\nsubstituters ='
    step() { echo "== $1"; shift; env "$@" STEPS=freeswitch bash /fsdialer/vagrant/provision.sh; }
    asked() {
      { grep -aoP '(?<="GET )\S+(?= HTTP)|(?<=" )\d{3}(?= )' /tmp/asked || true; } | paste -d ' ' - - | sed 's/^/asked /' | sort -u
      truncate -s 0 /tmp/asked
    }
    asked >/dev/null
    step nix
    asked
    /usr/local/sbin/fsdialer-freeswitch -version
    step "nix again"
    asked
    step "a wrong token" FS_TOKEN=wrong 2>&1 || echo refused
    find /usr/share/keyrings -name 'signalwire*'
    asked
    step vendor FS_TOKEN=the-token
    asked
    readlink -f /usr/local/sbin/fsdialer-freeswitch
    stat -c '%n %U %a' /etc/apt/auth.conf.d/freeswitch.conf
    echo "== packages"
    dpkg-query -W -f '${Package}\n' 'freeswitch*'
    step "vendor again"
    asked
    printf 'Package: freeswitch\nVersion: 1.11.1\nArchitecture: all\nMaintainer: nobody <n@localhost>\nDescription: old\n' |
      install -D /dev/stdin /tmp/old/DEBIAN/control
    printf '#!/bin/sh\necho "FreeSWITCH version: 1.11.1"\n' | install -D /dev/stdin /tmp/old/usr/bin/freeswitch
    dpkg-deb -b /tmp/old /tmp/old.deb >/dev/null
    dpkg --force-all -i /tmp/old.deb >/dev/null 2>&1
    step "vendor too old"
    ;;
esac
