#!/bin/sh
# password.sh FILE: prints the password in FILE; makes a random one there, readable by its owner alone, when it is missing.
# Where it cannot be kept or read, it prints one that nobody knows: given none, FreeSWITCH takes ClueCon.
umask 077
made=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
[ -s "$1" ] || printf %s "$made" > "$1"
if [ -s "$1" ] && kept=$(cat "$1") && [ -n "$kept" ]; then printf %s "$kept"; else printf %s "$made"; fi
