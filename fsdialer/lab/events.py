"""Events: made once, numbered, and handed to whoever listens. It knows nothing of channels' lives or of sockets."""

import time
import uuid as uuids
from typing import Any, Protocol

from fsdialer.lab import headers
from fsdialer.lab.channel import Channel


class Fired:
    """An event, written out once for all who hear it."""

    def __init__(self, name: str, text: str, body: str = "", subclass: str = "") -> None:
        self.name = name
        self.subclass = subclass
        self.text = text
        self.body = body
        self._frames: dict[str, bytes] = {}

    def frame(self, form: str) -> bytes:
        """As ``plain`` or ``json``."""
        if form not in self._frames:
            write = headers.json_frame if form == "json" else headers.plain
            self._frames[form] = write(self.text, self.body)
        return self._frames[form]


class Listener(Protocol):
    """Whoever wants events."""

    def hear(self, event: Fired) -> None:
        """One event; called in the order they are fired."""


class Events:
    """The events of one switch. `core` is its Core-UUID, new after every start."""

    def __init__(self) -> None:
        self.listeners: list[Listener] = []
        self.core = ""
        self._sequence = 0
        self.restart()

    def restart(self) -> None:
        """A new core, which counts on."""
        self.core = str(uuids.uuid4())

    def fire(self, name: str, channel: Channel | None = None, body: str = "", **more: Any) -> None:
        """An event, to all listeners. `more` are headers of its own, underscores standing for hyphens."""
        if not self.listeners:
            return
        text = self._base(name, str(more.get("Application", ""))) + headers.lines(
            {key.replace("_", "-"): value for key, value in more.items()}
        )
        if channel is not None:
            text += channel.lines()
        self._tell(Fired(name, text, body))

    def fire_custom(self, subclass: str, uuid: str = "", times: int = 1, **more: Any) -> None:
        """A module's event (with a `uuid` about a channel), told `times` times under one number, as mod_avmd does."""
        text = f"Event-Subclass: {headers.encode(subclass)}\n" + self._base("CUSTOM")
        text += headers.lines({"Unique-ID": uuid} if uuid else {})
        text += headers.lines({key.replace("_", "-"): value for key, value in more.items()})
        self._tell(Fired("CUSTOM", text, subclass=subclass), times)

    def fire_nameless(self, subclass: str, channel: Channel) -> None:
        """A module's event that has neither name nor time, as mod_amd's."""
        text = f"Event-Subclass: {headers.encode(subclass)}\n" + channel.lines()
        self._tell(Fired("CUSTOM", text, subclass=subclass))

    def _tell(self, event: Fired, times: int = 1) -> None:
        for listener in list(self.listeners) * times:
            listener.hear(event)

    def snapshot(self, channel: Channel) -> str:
        """A channel as ``uuid_dump`` shows it: header lines."""
        return self._base("CHANNEL_DATA") + channel.lines()

    def _base(self, name: str, application: str = "") -> str:
        self._sequence += 1
        return headers.base(name, self.core, self._sequence, micros(), application)


def micros() -> int:
    """Now, in epoch microseconds."""
    return int(time.time() * 1_000_000)
