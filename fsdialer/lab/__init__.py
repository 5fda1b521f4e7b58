"""A simulated FreeSWITCH and its people, and the Redis server the lab brings along. It imports nothing else of ours.

From the socket inwards: `switch` (the process) → `wire` (a connection and its commands; `filters`) → `apis` (the api
commands; `listings`, `profiles` and `fate` are some of them) → `exchange` (calls are made, answered, ended) →
`applications` (what a channel runs), `bridges` (two channels joined) and `recordings`. How things read on the wire:
`channel` and its `profile` (who calls whom), `stages` (which variables are set when), `events`, `headers`. `originate`
reads the originate command; `destinations` finds who is called, `people` and `places` what becomes of the call.
"""
