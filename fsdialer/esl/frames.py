"""Bytes from the Event Socket to frames and events. Pure: it is fed bytes and knows no socket.

A frame is outer headers, a blank line, and exactly Content-Length bytes. In ``text/event-plain`` those bytes are an
event: headers with %-encoded values, and, where the event has a body, an inner Content-Length, a blank line and the
body. Lines are split before anything is decoded, and only headers that are asked for are decoded: a caller's name that
holds ``%0AEvent-Name: …`` stays a name.
"""

import json
from urllib.parse import unquote_to_bytes

from fsdialer.errors import SwitchError

#: FreeSWITCH drops bodies over 16 MiB itself; outer headers are a few lines.
LONGEST_BODY, LONGEST_HEADERS = 16 * 1024 * 1024, 64 * 1024

_CONTROLS = dict.fromkeys([*range(32), 127, 133, 8232, 8233], " ")


class FrameError(SwitchError):
    """The stream cannot be read on: the connection must be dropped."""


class Headers:
    """A block of ``Name: value`` lines, decoded one by one when asked for."""

    __slots__ = ("_block",)

    def __init__(self, block: bytes) -> None:
        self._block = b"\n" + block

    def raw(self, name: str) -> bytes | None:
        """The value as it stood on the wire; None when there is no such header. The first of two wins."""
        start = self._block.find(b"\n" + name.encode() + b": ")
        if start < 0:
            return None
        start += len(name) + 3
        end = self._block.find(b"\n", start)
        return self._block[start:] if end < 0 else self._block[start:end]

    def names(self) -> list[str]:
        """The names, in wire order."""
        return [
            line.partition(b": ")[0].decode("ascii", "replace") for line in self._block.split(b"\n") if b": " in line
        ]


class Event:
    """One event of either format. Values come decoded, on one line, ``_undef_`` as empty."""

    __slots__ = ("_body", "_headers", "_json")

    def __init__(self, headers: Headers | None, body: bytes, values: dict[str, object] | None = None) -> None:
        self._headers = headers
        self._body = body
        self._json = values

    def get(self, name: str, default: str = "") -> str:
        """A header's value; `default` when there is none."""
        if self._headers is None:
            value = (self._json or {}).get(name, default)
            return _one_line(value if isinstance(value, str) else json.dumps(value))
        raw = self._headers.raw(name)
        return default if raw is None else decode_value(raw)

    def many(self, name: str) -> list[str]:
        """A header that may be an array (``ARRAY::a|:b`` in plain format), as a list."""
        if self._headers is None:
            value = (self._json or {}).get(name)
            items = value if isinstance(value, list) else [] if value is None else [value]
            return [_one_line(str(item)) for item in items]
        value = self.get(name)
        return value.removeprefix("ARRAY::").split("|:") if value.startswith("ARRAY::") else [value] if value else []

    def names(self) -> list[str]:
        """The headers it has."""
        return list(self._json or {}) if self._headers is None else self._headers.names()

    @property
    def name(self) -> str:
        """Event-Name, or the subclass of a CUSTOM event's place in it."""
        return self.get("Event-Name")

    @property
    def body(self) -> str:
        """The event's own body (a background job's result), empty for most."""
        if self._headers is None:
            return str((self._json or {}).get("_body", ""))
        return self._body.decode("utf-8", "replace")


class Frame:
    """One frame: its outer headers and its body as bytes."""

    __slots__ = ("_headers", "body", "content_type")

    def __init__(self, headers: Headers, body: bytes) -> None:
        self._headers = headers
        self.body = body
        self.content_type = (headers.raw("Content-Type") or b"").decode("ascii", "replace")

    def get(self, name: str) -> str:
        """An outer header; they are not %-encoded."""
        return _one_line((self._headers.raw(name) or b"").decode("utf-8", "replace"))

    @property
    def text(self) -> str:
        """The body as text; hostile bytes become replacement characters."""
        return self.body.decode("utf-8", "replace")

    def event(self) -> Event | None:
        """The event it carries; None when it carries none, or none that can be read."""
        if self.content_type == "text/event-plain":
            return parse_plain(self.body)
        if self.content_type == "text/event-json":
            try:
                values = json.loads(self.text)
            except ValueError:
                return None
            return Event(None, b"", values) if isinstance(values, dict) else None
        return None


def parse_plain(data: bytes) -> Event:
    """A plain event: headers to the first blank line, then the inner body, by its inner Content-Length."""
    end = data.find(b"\n\n")
    if end < 0:
        return Event(Headers(data), b"")
    headers = Headers(data[:end])
    length = headers.raw("Content-Length")
    if length is None or not length.isdigit():
        return Event(headers, b"")
    return Event(headers, data[end + 2 : end + 2 + int(length)])


def decode_value(raw: bytes) -> str:
    """One header value: %-decoded by itself, any bytes, on one line."""
    if b"%" in raw:
        raw = unquote_to_bytes(raw)
    text = raw.decode("utf-8", "replace")
    return "" if text == "_undef_" else _one_line(text)


def _one_line(text: str) -> str:
    return text if text.isprintable() else text.translate(_CONTROLS)


class FrameReader:
    """Cuts a stream of bytes, however it comes in pieces, into frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._need = 0  # bytes without which no further frame can be complete

    def feed(self, data: bytes) -> list[Frame]:
        """The frames completed by `data`; FrameError when the stream cannot be read on."""
        self._buffer += data
        if len(self._buffer) < self._need:
            return []
        frames, at = [], 0
        while True:
            frame, after = self._next(at)
            if frame is None:
                break
            frames.append(frame)
            at = after
        del self._buffer[:at]
        self._need = max(0, self._need - at)
        return frames

    def _next(self, at: int) -> tuple[Frame | None, int]:
        buffer = self._buffer
        while buffer.startswith(b"\n", at):  # blank lines between frames
            at += 1
        end = buffer.find(b"\n\n", at)
        if end < 0:
            if len(buffer) - at > LONGEST_HEADERS:
                raise FrameError(f"no end of headers within {LONGEST_HEADERS} bytes")
            self._need = 0
            return None, at
        headers = Headers(bytes(buffer[at:end]))
        length = _length(headers)
        after = end + 2 + length
        if len(buffer) < after:
            self._need = after
            return None, at
        return Frame(headers, bytes(buffer[end + 2 : after])), after


def _length(headers: Headers) -> int:
    raw = headers.raw("Content-Length")
    if raw is None:
        return 0
    if not raw.isdigit() or len(raw) > 9 or int(raw) > LONGEST_BODY:
        raise FrameError(f"Content-Length {raw[:40]!r} cannot be")
    return int(raw)
