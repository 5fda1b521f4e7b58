#!/bin/bash
# The lab's company, three thousand leads and two people who may sign in.
set -euo pipefail
# shellcheck source=../lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

[ ! -r "$ETC/sip_ip" ] || SIP_IP=$(cat "$ETC/sip_ip")
put /etc/fsdialer/lab/centre.toml 0644 < <(sed "s|@SIP_IP@|$SIP_IP|" "$HERE/demo/centre.toml")

# A hundred numbers kept for stories in each area code; the carrier goes by the last digit, so that every ten leads have all endings.
leads() {
  local area line order=1000
  echo "order,name,phone,city"
  for area in 201 202 206 212 213 214 215 216 301 303 305 309 312 313 314 317 401 404 408 412 415 503 504 512 602 612 615 617 702 713; do
    for line in $(seq -w 0 99); do
      order=$((order + 1))
      echo "L-$order,Customer $area-$line,+1${area}55501$line,Area $area"
    done
  done
}
put /etc/fsdialer/lab/leads.csv 0644 < <(leads)

if ! files_only; then
  # Once: what has been changed on the pages since stays. Again where Redis was emptied.
  if ! cmp -s "$ETC/lab/centre.toml" "$ETC/lab/applied.toml" || ! fsdialer status --company lab >/dev/null 2>&1; then
    fsdialer apply "$ETC/lab/centre.toml"
    put /etc/fsdialer/lab/applied.toml 0644 <"$ETC/lab/centre.toml"
  fi
  # What the campaign has already is skipped.
  fsdialer load "$ETC/lab/leads.csv" --company lab --campaign spring
  secret boss | fsdialer user add boss --company lab --role admin --password-stdin
  secret you | fsdialer user add you --company lab --operator 1003 --password-stdin
fi
