"""``python -m fsdialer`` is the command line."""

from fsdialer.cli import main

main()
