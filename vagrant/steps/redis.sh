#!/bin/bash
# Redis on loopback, with a password, that keeps what it was told and never evicts.
set -euo pipefail
# shellcheck source=../lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

packages redis-server

put /etc/redis/fsdialer.conf 0640 root:redis <<CONF
bind 127.0.0.1
protected-mode yes
requirepass $(secret redis)
appendonly yes
appendfsync everysec
maxmemory-policy noeviction
CONF

main=$ROOT/etc/redis/redis.conf
[ -e "$main" ] || put /etc/redis/redis.conf 0640 redis:redis </dev/null
grep -qx 'include /etc/redis/fsdialer.conf' "$main" || echo 'include /etc/redis/fsdialer.conf' >>"$main"
service redis-server.service /etc/redis/redis.conf /etc/redis/fsdialer.conf
