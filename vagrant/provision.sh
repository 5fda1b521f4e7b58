#!/bin/bash
# Everything, in order; again at any time. ROOT=DIR writes the files below DIR and touches nothing else.
set -euo pipefail

here=${PROVISION_FROM:-$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)}
for step in ${STEPS:-base redis freeswitch fsdialer company switch lab}; do
  echo "== $step"
  bash "$here/steps/$step.sh"
done
