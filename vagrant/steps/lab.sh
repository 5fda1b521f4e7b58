#!/bin/bash
# The carrier, two soft operators, their shift, and what a person needs to take the third seat.
set -euo pipefail
# shellcheck source=../lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

pages=http://$SIP_IP:8080
[ ! -r "$ETC/sip_ip" ] || SIP_IP=$(cat "$ETC/sip_ip")
packages sip-tester baresip-core
account fsdialer-lab

put /etc/fsdialer/lab/carrier.xml 0644 <"$HERE/demo/carrier.xml"
put /etc/fsdialer/lab/lab.env 0644 <<<"SIP_IP=$SIP_IP"

# phone EXTENSION PASSWORD: a baresip that answers by itself, says a tone and listens to it all. Its audio has ports that
# are not the switch's, which takes its own without asking whether they are free.
phone() {
  local at=/etc/fsdialer/lab/phones/$1 port=$((5200 + ($1 - 1000) * 10)) rtp=$((12000 + ($1 - 1000) * 20))
  put "$at/accounts" 0640 root:fsdialer-lab <<ACCOUNT
<sip:$1@$SIP_IP:5060;transport=udp>;auth_user=$1;auth_pass=$2;answermode=auto;regint=60;audio_codecs=PCMU/8000/1,PCMA/8000/1
ACCOUNT
  put "$at/contacts" 0640 root:fsdialer-lab </dev/null
  put "$at/config" 0640 root:fsdialer-lab < <(
    sed -e "s|@SIP_IP@|$SIP_IP|g" -e "s|@PORT@|$port|" -e "s|@EXTENSION@|$1|g" \
      -e "s|@RTP@|$rtp-$((rtp + 19))|" "$HERE/demo/baresip.conf"
  )
}

# sip_password EXTENSION
sip_password() { fsdialer freeswitch phone "$1" --company lab | awk '$1 == "password" { print $2 }'; }

for extension in 1001 1002; do
  if files_only; then password=$(secret "phone-$extension"); else password=$(sip_password "$extension"); fi
  phone "$extension" "$password"
done
unit fsdialer-carrier.service
unit fsdialer-phone@.service
unit fsdialer-shift.service
unit fsdialer-shift.timer
service fsdialer-carrier.service /etc/fsdialer/lab/{carrier.xml,lab.env} "$UNITS/fsdialer-carrier.service"
for extension in 1001 1002; do
  service "fsdialer-phone@$extension.service" "/etc/fsdialer/lab/phones/$extension"/{accounts,contacts,config} "$UNITS/fsdialer-phone@.service"
done
service fsdialer-shift.timer "$UNITS/fsdialer-shift.timer"

# figures: how many calls were made today, and how many leads may be called now.
figures() {
  fsdialer status --json --company lab | "$VENV/bin/python" -c '
import json, sys
spring = json.load(sys.stdin)["campaigns"][0]
print(spring["today"].get("attempts", 0), sum(spring["leads"].get(name, 0) for name in ("due", "calling")))'
}

# calls_flow: does a call begin within two minutes, or is there nobody to call now?
calls_flow() {
  local before now left
  read -r before left < <(figures)
  for _ in $(seq 60); do
    read -r now left < <(figures)
    if [ "$now" != "$before" ] || [ "$left" = 0 ]; then return 0; fi
    sleep 2
  done
  return 1
}

seat() {
  cat <<SEAT

  Calls flow. To take a seat yourself:

    page       $pages     login you    password $(secret you)
    admin      the same page                 login boss   password $(secret boss)
SEAT
  if [ "$SIP_IP" = 127.0.0.1 ]; then
    cat <<SEAT

  FreeSWITCH is kept on loopback: your own softphone reaches it once it is newer (vagrant/README.md).
SEAT
  else
    softphone "$(sip_password 1003 2>/dev/null || true)"
    echo "  Customers' last digit says what they do: vagrant/README.md."
  fi
}

# softphone PASSWORD: how to sit down. There is none where the person has changed their phone on the page.
softphone() {
  if [ -z "$1" ]; then
    echo
    echo "  The phone of 1003 is as it was set on the page: sign in, press Get on line."
    return
  fi
  cat <<SEAT
    softphone  sip:1003@$SIP_IP:5060 (UDP)   user 1003   password $1
               answer calls by itself, if it can

  Register the softphone, sign in, press Get on line.
SEAT
}

if ! files_only && booted; then
  if calls_flow; then
    seat
  else
    echo "No call began within two minutes. What is wrong:" >&2
    systemctl --no-pager --plain list-units --state=failed,activating 'fsdialer*' freeswitch.service redis-server.service >&2
    fsdialer check >&2 || true
    exit 1
  fi
fi
