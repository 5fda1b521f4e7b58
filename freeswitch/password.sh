#!/bin/sh
# password.sh FILE: prints the password in FILE; makes a random one there, readable by its owner alone, when it is missing.
umask 077
[ -s "$1" ] || od -An -N24 -tx1 /dev/urandom | tr -d ' \n' > "$1" || exit 1
cat "$1"
