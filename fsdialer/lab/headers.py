"""How FreeSWITCH writes an event: header names, their order, their encoding. Names and shapes are those of real
recordings (`tests/captures`).
"""

import json
import re
import time
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote

#: Where in FreeSWITCH's source each event is fired: Event-Calling-File, -Function, -Line-Number.
_SOURCES = {
    "CHANNEL_CREATE": ("switch_core_state_machine.c", "switch_core_session_run", 626),
    "CHANNEL_PROGRESS": ("switch_channel.c", "switch_channel_perform_mark_ring_ready_value", 3526),
    "CHANNEL_ANSWER": ("switch_channel.c", "switch_channel_perform_mark_answered", 3955),
    "CHANNEL_PARK": ("switch_ivr.c", "switch_ivr_park", 1002),
    "CHANNEL_EXECUTE": ("switch_core_session.c", "switch_core_session_exec", 2960),
    "uuid_bridge": ("switch_ivr_bridge.c", "uuid_bridge_on_soft_execute", 1236),
    "CHANNEL_EXECUTE_COMPLETE": ("switch_core_session.c", "switch_core_session_exec", 3012),
    "CHANNEL_BRIDGE": ("switch_ivr_bridge.c", "switch_ivr_multi_threaded_bridge", 1689),
    "CHANNEL_UNBRIDGE": ("switch_ivr_bridge.c", "switch_ivr_multi_threaded_bridge", 1811),
    "CHANNEL_HOLD": ("switch_channel.c", "switch_channel_mark_hold", 877),
    "CHANNEL_UNHOLD": ("switch_channel.c", "switch_channel_mark_hold", 877),
    "CHANNEL_HANGUP_COMPLETE": ("switch_core_state_machine.c", "switch_core_session_reporting_state", 943),
    "BACKGROUND_JOB": ("mod_event_socket.c", "api_exec", 1580),
    "HEARTBEAT": ("switch_core.c", "send_heartbeat", 95),
    "PLAYBACK_START": ("switch_ivr_play_say.c", "switch_ivr_play_file", 1660),
    "PLAYBACK_STOP": ("switch_ivr_play_say.c", "switch_ivr_play_file", 2019),
    "RECORD_START": ("switch_ivr_async.c", "record_callback", 1404),
    "RECORD_STOP": ("switch_ivr_async.c", "send_record_stop_event", 1241),
    "CHANNEL_DATA": ("mod_commands.c", "uuid_dump_function", 6495),
}
_SAFE = "!$'()*,-./_~"
_PLAIN = re.compile(r"[A-Za-z0-9!$'()*,\-./_~]+")
_ENCODED_TWICE = re.compile(r"%25([0-9A-F]{2})")


@lru_cache(maxsize=20_000)
def encode(value: str) -> str:
    """A value as FreeSWITCH encodes it: what already looks encoded (``%0A``) is left alone, an empty one says so."""
    if _PLAIN.fullmatch(value):
        return value
    if not value:
        return "_undef_"
    return _ENCODED_TWICE.sub(r"%\1", quote(value, safe=_SAFE))


def base(name: str, core: str, sequence: int, micros: int, application: str = "") -> str:
    """The lines every event begins with; `application` where it fires the event itself."""
    file, function, line = _SOURCES.get(application) or _SOURCES.get(name, ("switch_core.c", "switch_event_fire", 1))
    local, gmt = _dates(micros // 1_000_000)
    return (
        f"Event-Name: {name}\nCore-UUID: {core}\nFreeSWITCH-Hostname: lab\nFreeSWITCH-Switchname: lab\n"
        f"FreeSWITCH-IPv4: 192.0.2.2\nFreeSWITCH-IPv6: fd00%3A%3A2\nEvent-Date-Local: {local}\nEvent-Date-GMT: {gmt}\n"
        f"Event-Date-Timestamp: {micros}\nEvent-Calling-File: {file}\nEvent-Calling-Function: {function}\n"
        f"Event-Calling-Line-Number: {line}\nEvent-Sequence: {sequence}\n"
    )


@lru_cache(maxsize=8)
def _dates(second: int) -> tuple[str, str]:
    moment = time.gmtime(second)
    return (
        encode(time.strftime("%Y-%m-%d %H:%M:%S", moment)),
        encode(time.strftime("%a, %d %b %Y %H:%M:%S GMT", moment)),
    )


def lines(values: dict[str, Any]) -> str:
    """Header lines of a few values."""
    return "".join(f"{name}: {encode(str(value))}\n" for name, value in values.items())


def plain(text: str, body: str) -> bytes:
    """An event's lines as a plain event frame."""
    inner = text + (f"Content-Length: {len(body.encode())}\n\n{body}" if body else "\n")
    data = inner.encode()
    return b"Content-Length: %d\nContent-Type: text/event-plain\n\n%s" % (len(data), data)


def as_dict(text: str) -> dict[str, str]:
    """An event's lines as names and decoded values."""
    pairs = (line.partition(": ") for line in text.splitlines())
    return {name: "" if value == "_undef_" else unquote(value) for name, _, value in pairs}


def as_json(text: str, body: str = "") -> bytes:
    """An event's lines as JSON; a variable that is an array is an array there too."""
    values: dict[str, str | list[str]] = {}
    for name, value in as_dict(text).items():
        values[name] = value.removeprefix("ARRAY::").split("|:") if value.startswith("ARRAY::") else value
    if body:
        values |= {"Content-Length": str(len(body.encode())), "_body": body}
    return json.dumps(values, separators=(",", ":"), ensure_ascii=False).encode()


def json_frame(text: str, body: str) -> bytes:
    """An event's lines as a JSON event frame."""
    data = as_json(text, body)
    return b"Content-Length: %d\nContent-Type: text/event-json\n\n%s" % (len(data), data)


def stamp(micros: int) -> str:
    """An instant as FreeSWITCH's ``…_stamp`` variables have it."""
    return _dates(micros // 1_000_000)[0]
