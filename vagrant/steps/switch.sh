#!/bin/bash
# What FreeSWITCH is told: passwords, operators, gateways; then FreeSWITCH and the dialer.
set -euo pipefail
# shellcheck source=../lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

if files_only; then exit 0; fi
[ ! -r "$ETC/sip_ip" ] || SIP_IP=$(cat "$ETC/sip_ip")

# Without mod_xml_curl (Nix' build has none) operators and gateways stand in the files alone.
static=()
modules=$(dirname "$(dirname "$(readlink -f /usr/local/sbin/fsdialer-freeswitch)")")
[ -n "$(find -L "$modules" /usr/lib/freeswitch -name mod_xml_curl.so -print -quit 2>/dev/null)" ] || static=(--static)

fsdialer freeswitch write "$SWITCH_CONF" --domain "$SIP_IP" "${static[@]}" \
  --set "sip_ip=$SIP_IP" --set "rtp_ip=$SIP_IP" --set wss_binding=":7443"
chown -R freeswitch:freeswitch "$SWITCH_CONF"
put /etc/fsdialer/switch.env 0640 root:fsdialer <"$SWITCH_CONF/fsdialer.env"
put /etc/fsdialer/web.env 0640 root:fsdialer < <(grep FSDIALER_SIP_WS= "$SWITCH_CONF/fsdialer.env")
service fsdialer-web.service "$INSTALLED" /etc/fsdialer/{fsdialer,web}.env "$UNITS/fsdialer-web.service"

operators=$SWITCH_CONF/directory/fsdialer.xml
mapfile -t files < <(find "$SWITCH_CONF" -type f -name '*.xml' ! -path "$operators")
service freeswitch.service "${files[@]}" /etc/fsdialer/freeswitch.program "$UNITS/freeswitch.service"
# Operators and gateways alone are taken in while calls go on.
if booted && outdated freeswitch.service "$operators"; then fsdialer freeswitch reload; fi
service fsdialer-dialer.service "$INSTALLED" /etc/fsdialer/{fsdialer,switch}.env "$UNITS/fsdialer-dialer.service"
