#!/bin/bash
# Redis on loopback, with a password, that keeps what it was told and never evicts.
set -euo pipefail
# shellcheck source=../lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

packages redis-server

main=$ROOT/etc/redis/redis.conf
[ -e "$main" ] || put /etc/redis/redis.conf 0640 redis:redis </dev/null
ours() { grep -qx 'include /etc/redis/fsdialer.conf' "$main"; }

# asked COMMAND…: of the Redis that runs, with the password in its file, if it has one.
asked() {
  local password
  password=$(awk '$1 == "requirepass" { gsub(/"/, "", $2); print $2 }' "$main")
  env ${password:+REDISCLI_AUTH="$password"} redis-cli "$@" 2>&1
}

# Is the append-only file there? It may still have to wait for a snapshot that is being written.
log_begun() {
  [ "$(asked info persistence | grep -c '^aof_rewrite_\(in_progress\|scheduled\):0')" = 2 ]
}

# A Redis that starts with an append-only file to keep reads nothing else, even where there is none yet: what it kept as
# snapshots before would be gone. So one that was here already begins the file while it runs.
begin_log() {
  local said
  if booted; then systemctl start redis-server.service; fi
  said=$(asked config set appendonly yes || true)
  case $said in
    OK) until log_begun; do sleep 0.2; done ;;
    *refused*) ;; # none runs, and no init is here to start it
    *) echo "The Redis on this machine would lose what it holds: it does not begin an append-only file ($said)" >&2; exit 1 ;;
  esac
}

if ! files_only && ! ours; then begin_log; fi
put /etc/redis/fsdialer.conf 0640 root:redis <<CONF
bind 127.0.0.1
protected-mode yes
requirepass $(secret redis)
appendonly yes
appendfsync everysec
maxmemory-policy noeviction
CONF
ours || echo 'include /etc/redis/fsdialer.conf' >>"$main"
service redis-server.service /etc/redis/redis.conf /etc/redis/fsdialer.conf
