"""Commands about what a held phone hears between calls. Text out, as in `commands`."""

from fsdialer.errors import UnsafeCommand
from fsdialer.esl import allowed
from fsdialer.esl.allowed import checked

#: What a held phone hears between calls, by name; sent without end, so that its network keeps the way open.
HELD_SOUNDS = {"tone": "tone_stream://v=-25;%(60,9940,425);loops=-1", "silence": "silence_stream://-1"}


def comfort(leg: str, sound: str) -> str:
    """Play to a held leg until it is bridged: one of `HELD_SOUNDS`, a tone_stream, or a file again and again."""
    name = checked("leg", allowed.UUID, leg)
    if sound in HELD_SOUNDS or allowed.GENERATED.fullmatch(sound):
        return f"uuid_broadcast {name} {HELD_SOUNDS.get(sound, sound)} aleg"
    if not allowed.FILE.fullmatch(sound):
        raise UnsafeCommand(f"{sound[:60]!r} is no sound: nothing was sent")
    return f"uuid_broadcast {name} endless_playback::{sound} aleg"


def hush(leg: str) -> str:
    """End what is played to a leg; whom it is joined to, it stays joined to."""
    return f"uuid_break {checked('leg', allowed.UUID, leg)} all"
