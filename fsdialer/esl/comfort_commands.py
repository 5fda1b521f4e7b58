"""Commands about what a held phone hears between calls. Text out, as in `commands`."""

import re

from fsdialer.errors import UnsafeCommand

_UUID = re.compile(r"[0-9A-Za-z-]{1,64}")
_FILE = re.compile(r"/?[A-Za-z0-9_./-]{1,200}")
_GENERATED = re.compile(r"(silence|tone)_stream://[A-Za-z0-9%(),.;=*_-]{1,150}")
#: What a held phone hears between calls, by name; sent without end, so that its network keeps the way open.
HELD_SOUNDS = {"tone": "tone_stream://v=-25;%(60,9940,425);loops=-1", "silence": "silence_stream://-1"}


def comfort(leg: str, sound: str) -> str:
    """Play to a held leg until it is bridged: one of `HELD_SOUNDS`, a tone_stream, or a file again and again."""
    name = _leg(leg)
    if sound in HELD_SOUNDS or _GENERATED.fullmatch(sound):
        return f"uuid_broadcast {name} {HELD_SOUNDS.get(sound, sound)} aleg"
    if not _FILE.fullmatch(sound):
        raise UnsafeCommand(f"{sound[:60]!r} is no sound: nothing was sent")
    return f"uuid_broadcast {name} endless_playback::{sound} aleg"


def hush(leg: str) -> str:
    """End what is played to a leg; whom it is joined to, it stays joined to."""
    return f"uuid_break {_leg(leg)} all"


def _leg(leg: str) -> str:
    if not _UUID.fullmatch(leg):
        raise UnsafeCommand(f"{leg[:60]!r} is no leg: nothing was sent")
    return leg
