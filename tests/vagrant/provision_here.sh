#!/bin/bash
# All steps of vagrant/provision.sh, for real and twice; on a copy of the machine (copy_of_machine.sh).
set -euo pipefail

# start_redis FILE: as its unit would.
start_redis() { setpriv --reuid redis --regid redis --init-groups redis-server "$1" --daemonize yes --supervised no >/dev/null; }

case ${1:-} in
  '') # what asks the network for packages
    command -v freeswitch >/dev/null || {
      printf '#!/bin/sh\necho "FreeSWITCH version: 1.11.4"\n' >/usr/local/bin/freeswitch
      chmod 0755 /usr/local/bin/freeswitch
    }
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends redis-server >/dev/null
    unshare --net bash "$0" before
    export FREESWITCH_FROM=installed
    STEPS="base redis freeswitch fsdialer" bash /fsdialer/vagrant/provision.sh
    apt-get install -y -qq --no-install-recommends sip-tester baresip-core >/dev/null
    exec unshare --net bash "$0" alone
    ;;
  before) # a Redis that was here before, with something in it that must not be lost; in a network where it is alone
    ip link set lo up
    install -d -o redis -g redis /run/redis
    start_redis /etc/redis/redis.conf
    until redis-cli set kept "from before" 2>/dev/null | grep -q OK; do sleep 0.1; done
    STEPS=redis bash /fsdialer/vagrant/provision.sh
    redis-cli shutdown
    ;;
  alone) # nobody can be reached any more: what is there has to do
    ip link set lo up
    nft -c -f /etc/nftables.conf
    start_redis /etc/redis/redis.conf
    until redis-cli -a "$(cat /etc/fsdialer/secrets/redis)" ping 2>/dev/null | grep -q PONG; do sleep 0.1; done
    echo "Redis kept: $(redis-cli -a "$(cat /etc/fsdialer/secrets/redis)" get kept 2>/dev/null)"
    STEPS="company switch lab" bash /fsdialer/vagrant/provision.sh
    files() { find /etc /usr/local /opt/fsdialer/venv/installed -type f -printf '%p %m %u %g ' -exec sha256sum {} \; | sort; }
    files >/tmp/before
    echo "== again"
    bash /fsdialer/vagrant/provision.sh
    files >/tmp/after
    cmp /tmp/before /tmp/after && echo "== the same"
    redis-cli -a "$(cat /etc/fsdialer/secrets/redis)" flushall 2>/dev/null
    STEPS=company bash /fsdialer/vagrant/provision.sh
    fsdialer status --company lab
    stat -c '%n %U:%G %a' /etc/fsdialer/*.env /etc/fsdialer/freeswitch /etc/fsdialer/lab/phones/1001/accounts
    systemctl is-enabled nftables redis-server freeswitch fsdialer-{dialer,worker,web,carrier} fsdialer-phone@100{1,2} fsdialer-shift.timer
    ;;
esac
