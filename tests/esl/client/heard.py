"""Whoever listens to a client, and the greenlets a client must end."""

from tests.esl.scripted import wait_until


class Heard:
    """What a client was told."""

    def __init__(self):
        self.events = []
        self.closed = []

    def names(self):
        return [event.name for event in self.events]

    def wait_closed(self):
        return wait_until(lambda: self.closed, "the end of the connection")[0]

    def wait_events(self, count):
        wait_until(lambda: len(self.events) >= count, f"{count} events")
        return self.events


def greenlets_of(client):
    """The reader and the caller of handlers."""
    return [client._receive_events_greenlet, client._process_events_greenlet]
