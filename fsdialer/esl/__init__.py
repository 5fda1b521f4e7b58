"""The Event Socket, from bytes to events and from values to wire text. Nothing outside this room sees either."""
