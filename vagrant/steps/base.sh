#!/bin/bash
# The machine itself: what all steps need, and a firewall that lets in SSH, the web and the operators' SIP, no more.
set -euo pipefail
# shellcheck source=../lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

packages ca-certificates curl nftables python3 python3-venv

install -d -m 0755 "$ETC"
put /etc/fsdialer/address 0644 <<<"$SIP_IP"
put /etc/nftables.conf 0644 <<RULES
#!/usr/sbin/nft -f
flush ruleset

table inet fsdialer {
  # The network of the machine's own address.
  set hosts {
    type ipv4_addr
    flags interval
    elements = { ${SIP_IP%.*}.0/24 }
  }

  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    ct state invalid drop
    iif lo accept
    # ICMP and ICMPv6, by number: names need a file that small systems lack
    meta l4proto { 1, 58 } accept
    udp dport 68 accept
    tcp dport 22 accept
    # the host-only network alone: pages, operators' SIP, browsers' SIP over TLS, audio
    ip saddr @hosts tcp dport { 5060, 7443, 8080 } accept
    ip saddr @hosts udp dport { 5060, 16384-32767 } accept
  }
}
RULES
service nftables.service /etc/nftables.conf
