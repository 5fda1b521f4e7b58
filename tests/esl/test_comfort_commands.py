"""What a held phone is played between calls."""

import pytest

from fsdialer.errors import UnsafeCommand
from fsdialer.esl import comfort_commands as commands

LEG = "faf04d36-e802-4918-91c2-0ce8235f5f6c"


@pytest.mark.parametrize(
    ("sound", "played"),
    [
        ("tone", "tone_stream://v=-25;%(60,9940,425);loops=-1"),
        ("silence", "silence_stream://-1"),
        ("music/calm.wav", "endless_playback::music/calm.wav"),
        ("tone_stream://%(100,4900,440);loops=-1", "tone_stream://%(100,4900,440);loops=-1"),
    ],
)
def test_a_held_phone_is_played_a_sound_until_it_is_hushed(sound, played):
    assert commands.comfort(LEG, sound) == f"uuid_broadcast {LEG} {played} aleg"
    assert commands.hush(LEG) == f"uuid_break {LEG} all"


@pytest.mark.parametrize("sound", ["a b.wav", "x::y", "shout://radio", "${x}", "", "a\nb"])
def test_a_held_phone_is_played_nothing_else(sound):
    with pytest.raises(UnsafeCommand):
        commands.comfort(LEG, sound)
