#!/bin/bash
# copy_of_machine.sh FOLDER SCRIPT: runs tests/vagrant/SCRIPT as root on a copy of this machine that is gone afterwards:
# an overlay over /, in namespaces of its own, with the source in /fsdialer. Nothing of it reaches the machine itself.
set -euo pipefail

folder=$1 script=$2
if [ "${3:-}" != overlaid ]; then
  mkdir -p "$folder/memory"
  exec unshare --mount --pid --fork bash "$0" "$folder" "$script" overlaid
fi
checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
mount -t tmpfs -o size=2g none "$folder/memory"
cd "$folder/memory"
mkdir above work root
mount -t overlay overlay -o lowerdir=/,upperdir=above,workdir=work root
cd root
mount -t proc proc proc
mount --rbind /dev dev
for each in run tmp; do mount -t tmpfs none "$each"; done
mkdir -p fsdialer
mount --bind "$checkout" fsdialer
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root SOURCE=/fsdialer SIP_IP=192.168.56.10
exec chroot . bash "/fsdialer/tests/vagrant/$script"
