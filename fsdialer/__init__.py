"""fsdialer: a predictive dialer for FreeSWITCH.

The map of the house (`docs/architecture.md` walks one lead through it, hop by hop):

core    decides; pure: no I/O, no clock, `now` is an argument
esl     the wire: Event Socket frames, commands, the client and the link that keeps it up
store   Redis: every key, every script
engine  the gevent shell: the dialer's loop, the calls it follows, its janitor
jobs    what RQ runs: retries made due, imports
lab     a simulated FreeSWITCH and its people; imports nothing else of ours
cli     the verbs
"""

__version__ = "0.1.0"
