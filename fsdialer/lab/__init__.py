"""A simulated FreeSWITCH and its people, and the Redis server the lab brings along. It imports nothing else of ours.

From the socket inwards: `switch` (the process) → `wire` (a connection, its commands) → `apis` (the api commands;
`listings` and `fate` are some of them) → `exchange` (calls are made, answered, ended) → `applications` (what a channel
runs) and `bridges` (two channels joined). `channel`, `events` and `headers` say how things read on the wire,
`originate` reads the originate command, `people` and `places` decide what becomes of a call.
"""
