#!/bin/bash
# All steps of vagrant/provision.sh, for real and twice; on a copy of the machine (copy_of_machine.sh).
set -euo pipefail

case ${1:-} in
  '') # what asks the network for packages
    command -v freeswitch >/dev/null || {
      printf '#!/bin/sh\necho "FreeSWITCH version: 1.11.4"\n' >/usr/local/bin/freeswitch
      chmod 0755 /usr/local/bin/freeswitch
    }
    export FREESWITCH_FROM=installed
    STEPS="base redis freeswitch fsdialer" bash /fsdialer/vagrant/provision.sh
    apt-get install -y -qq --no-install-recommends sip-tester baresip-core >/dev/null
    exec unshare --net bash "$0" alone
    ;;
  alone) # nobody can be reached any more: what is there has to do
    ip link set lo up
    nft -c -f /etc/nftables.conf
    install -d -o redis -g redis /run/redis
    setpriv --reuid redis --regid redis --init-groups redis-server /etc/redis/redis.conf --daemonize yes --supervised no >/dev/null
    until redis-cli -a "$(cat /etc/fsdialer/secrets/redis)" ping 2>/dev/null | grep -q PONG; do sleep 0.1; done
    STEPS="company switch lab" bash /fsdialer/vagrant/provision.sh
    files() { find /etc /usr/local /opt/fsdialer/venv/installed -type f -printf '%p %m %u %g ' -exec sha256sum {} \; | sort; }
    files >/tmp/before
    echo "== again"
    bash /fsdialer/vagrant/provision.sh
    files >/tmp/after
    cmp /tmp/before /tmp/after && echo "== the same"
    fsdialer status --company lab
    stat -c '%n %U:%G %a' /etc/fsdialer/*.env /etc/fsdialer/freeswitch /etc/fsdialer/lab/phones/1001/accounts
    systemctl is-enabled nftables redis-server freeswitch fsdialer-{dialer,worker,web,carrier} fsdialer-phone@100{1,2} fsdialer-shift.timer
    ;;
esac
