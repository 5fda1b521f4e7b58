"""Bytes from the Event Socket to frames and events. Pure: it is fed bytes and knows no socket.

A frame is outer headers, a blank line, and exactly Content-Length bytes. In ``text/event-plain`` those bytes are an
event: headers with %-encoded values, and, where the event has a body, an inner Content-Length, a blank line and the
body. Lines are split before anything is decoded, and only headers that are asked for are decoded: a caller's name that
holds ``%0AEvent-Name: …`` stays a name. It refuses to know what any header means.
"""

import json
import re
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes

from fsdialer.errors import SwitchError

#: FreeSWITCH drops bodies over 16 MiB itself; outer headers are a few lines.
LONGEST_BODY, LONGEST_HEADERS = 16 * 1024 * 1024, 64 * 1024

#: How FreeSWITCH begins the frame of an event; the number is below `LONGEST_BODY`.
_USUAL = re.compile(rb"Content-Length: ([0-9]{1,7})\nContent-Type: text/event-plain\n\n")
#: What may not stand in a value on one line: controls, line separators, reversals of the writing direction, and
#: halves of characters, which cannot be written as UTF-8.
_UNWANTED: dict[int, str] = dict.fromkeys(
    [*range(32), *range(127, 160), *range(0x2028, 0x202F), *range(0x2066, 0x206A)], " "
) | dict.fromkeys(range(0xD800, 0xE000), "\ufffd")


class FrameError(SwitchError):
    """The stream cannot be read on: the connection must be dropped."""


class Frame:
    """One frame: outer headers and body. `content_type` is the kind: ``command/reply``, ``text/event-plain`` …"""

    __slots__ = ("_block", "_headers", "content_type")

    def __init__(self, headers: bytes, block: bytes, content_type: str) -> None:
        self._headers = headers
        self._block = block  # a line break, then the body: so that "\nName: " finds an event's first header too
        self.content_type = content_type

    def get(self, name: str) -> str:
        """An outer header, empty when there is none; these are not %-encoded."""
        return one_line((_raw(self._headers, name) or b"").decode("utf-8", "replace"))

    @property
    def body(self) -> bytes:
        """The body as it came."""
        return self._block[1:]

    @property
    def text(self) -> str:
        """The body as text; hostile bytes become replacement characters."""
        return self.body.decode("utf-8", "replace")

    def event(self) -> "Event | None":
        """The event it carries; None when it carries none, or none that can be read."""
        if self.content_type == "text/event-plain":
            return PlainEvent(self._block)
        if self.content_type == "text/event-json":
            try:
                values = json.loads(self.text)
            except (ValueError, RecursionError):
                return None
            return JsonEvent(values) if isinstance(values, dict) else None
        return None


class Event:
    """One event of either format. Values come decoded, on one line, ``_undef_`` as empty."""

    __slots__ = ()

    def get(self, name: str, default: str = "") -> str:
        """A header's value; `default` when there is none. The first of two of the same name wins."""
        raise NotImplementedError

    def many(self, name: str) -> list[str]:
        """A header that may be an array (``ARRAY::a|:b`` in plain format), as a list; empty when there is none."""
        raise NotImplementedError

    def names(self) -> list[str]:
        """The names of its headers, in wire order."""
        raise NotImplementedError

    @property
    def body(self) -> str:
        """The event's own body (a background job's result), empty for most."""
        raise NotImplementedError

    @property
    def name(self) -> str:
        """Its Event-Name."""
        return self.get("Event-Name")


class PlainEvent(Event):
    """An event in ``event plain``: found by a scan of its bytes, decoded value by value, only when asked."""

    __slots__ = ("_block", "_clean")

    def __init__(self, block: bytes) -> None:
        """`block`: a line break, then the frame's body."""
        self._block = block
        self._clean = 0  # so far there is no blank line: what is found before this is a header, not body text

    def get(self, name: str, default: str = "") -> str:
        # A find in the whole block, then a look that no blank line is before it, is half the work of finding the end
        # of the headers first.
        block, key = self._block, _key(name)
        start = block.find(key)
        if start < 0:
            return default
        if start > self._clean:
            if block.find(b"\n\n", self._clean, start + 1) >= 0:
                return default
            self._clean = start
        start += len(key)
        end = block.find(b"\n", start)
        return decode_value(block[start:end] if end >= 0 else block[start:])

    def many(self, name: str) -> list[str]:
        value = self.get(name)
        if value.startswith("ARRAY::"):
            return value.removeprefix("ARRAY::").split("|:")
        return [value] if value else []

    def names(self) -> list[str]:
        lines = self._block[1 : self._end()].split(b"\n")
        return [line.partition(b": ")[0].decode("ascii", "replace") for line in lines if b": " in line]

    @property
    def body(self) -> str:
        length = _number(self.get("Content-Length")) or 0
        start = self._end() + 2 if length else 0
        return self._block[start : start + length].decode("utf-8", "replace")

    def _end(self) -> int:
        end = self._block.find(b"\n\n", self._clean)
        return len(self._block) if end < 0 else end


class JsonEvent(Event):
    """An event in ``event json``, or a channel as ``uuid_dump … json`` shows it."""

    __slots__ = ("_values",)

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def get(self, name: str, default: str = "") -> str:
        value = self._values.get(name, default)
        if isinstance(value, str):
            return "" if value == "_undef_" else one_line(value)
        return one_line(json.dumps(value))

    def many(self, name: str) -> list[str]:
        value = self._values.get(name)
        items = value if isinstance(value, list) else [] if value is None else [value]
        return [one_line(str(item)) for item in items]

    def names(self) -> list[str]:
        return list(self._values)

    @property
    def body(self) -> str:
        return str(self._values.get("_body", "")).encode("utf-8", "replace").decode()


def decode_value(raw: bytes) -> str:
    """One header value: %-decoded by itself, whatever its bytes, on one line."""
    if b"%" in raw:
        raw = unquote_to_bytes(raw)
    text = raw.decode("utf-8", "replace")
    if text.isprintable():
        return text if text != "_undef_" else ""
    return text.translate(_UNWANTED)


def one_line(text: str) -> str:
    """`text` fit for a log line, a Redis value and a page: what could break a line or a direction is replaced."""
    return text if text.isprintable() else text.translate(_UNWANTED)


class FrameReader:
    """Cuts a stream of bytes, however it comes in pieces, into frames. It holds one incomplete frame at most."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0
        self._need = 0  # bytes without which the next frame cannot be complete
        #: Why the stream cannot be read on; what came whole before is still given out.
        self.broken: FrameError | None = None

    def feed(self, data: bytes) -> list[Frame]:
        """The frames completed by `data`. FrameError when the stream cannot be read on: `broken` says so earlier."""
        if self.broken is not None:
            raise self.broken
        if self._size + len(data) < self._need:
            self._pieces.append(data)
            self._size += len(data)
            return []
        frames: list[Frame] = []
        at = 0
        if self._need:  # the frame that was begun ends here: it alone is put together, not all that follows it
            at = self._need - self._size
            self._cut(b"".join((*self._pieces, data[:at])), 0, frames)
        elif self._pieces:
            data = b"".join((*self._pieces, data))
        try:
            at = self._cut(data, at, frames)
        except FrameError as error:
            self.broken, self._pieces = error, []
            if not frames:
                raise
            return frames
        rest = data[at:]
        self._pieces = [rest] if rest else []
        self._size = len(rest)
        return frames

    def _cut(self, buffer: bytes, at: int, frames: list[Frame]) -> int:
        """Add the whole frames in `buffer` from `at` on; where the first one begins that is not whole."""
        size = len(buffer)
        while True:
            usual = _USUAL.match(buffer, at)
            if usual:  # nine frames of ten: one step instead of five
                start = usual.end()
                after = start + int(usual[1])
                if after > size:
                    self._need = after - at
                    return at
                frames.append(Frame(usual[0], buffer[start - 1 : after], "text/event-plain"))
                at = after
                continue
            while buffer.startswith(b"\n", at):  # blank lines between frames
                at += 1
            end = buffer.find(b"\n\n", at, at + LONGEST_HEADERS)
            if end < 0:
                if size - at >= LONGEST_HEADERS:
                    raise FrameError(f"no end of headers within {LONGEST_HEADERS} bytes")
                self._need = 0
                return at
            headers = buffer[at:end]
            after = end + 2 + _length(headers)
            if after > size:
                self._need = after - at
                return at
            kind = (_raw(headers, "Content-Type") or b"").decode("ascii", "replace")
            frames.append(Frame(headers, buffer[end + 1 : after], kind))
            at = after


@lru_cache(maxsize=512)
def _key(name: str) -> bytes:
    return b"\n" + name.encode("utf-8", "replace") + b": "


def _raw(headers: bytes, name: str) -> bytes | None:
    """An outer header's value as it stood on the wire; None when there is no such header."""
    block, key = b"\n" + headers, _key(name)
    start = block.find(key)
    if start < 0:
        return None
    start += len(key)
    end = block.find(b"\n", start)
    return block[start:] if end < 0 else block[start:end]


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def _length(headers: bytes) -> int:
    raw = _raw(headers, "Content-Length")
    if raw is None:
        return 0
    length = _number(raw.decode("latin-1"))
    if length is None or length > LONGEST_BODY:
        raise FrameError(f"Content-Length {raw[:40]!r} cannot be")
    return length
