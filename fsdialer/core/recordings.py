"""What a recording is called, what the switch plays as notice of it, and whether one is as it should be.

Pure: `fsdialer.recordings` reads the files. Of a stereo recording the left side is the customer's, the right one the
operator's; it begins with the answer and ends with the call.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from fsdialer.core.campaigns import Campaign
from fsdialer.core.times import day

#: What the switch writes; a worker makes the campaign's format of it once it was found good.
ON_THE_SWITCH = "wav"
#: The beep that says a call is recorded: 0.2 s of 1400 Hz every 15 s, as 47 CFR 64.501 describes it.
BEEP = "tone_stream://%(200,14800,1400);loops=-1"
BEEP_EVERY_S, BEEP_S = 15.0, 0.5

#: A recording is looked at so long after its call (seconds), and until then when it is not yet as it should be: a
#: shared directory may lag.
SETTLED_S, PATIENCE_S = 3.0, 30.0
#: Free space of the recordings' disk (bytes) under which nothing more may be recorded soon.
TOO_LITTLE_B = 1_000_000_000
#: A recording may be shorter than the call by this much: seconds, and part of the call.
SHORT_BY_S, SHORT_BY = 2.0, 0.02
#: A call that was over sooner (seconds), without an operator, may have no recording: the switch had no sound yet.
MOMENT_S = 1.0
#: A side is judged in windows of so many seconds; one louder than `LOUD` (RMS, of 1.0; −50 dB) has a voice in it.
WINDOW_S, LOUD = 0.1, 0.003
#: Seconds of voice that are enough not to be silent, and of talk that are needed before silence is remarkable.
VOICE_S, JUDGED_TALK_S = 0.3, 5.0
#: An announcement is heard on the operator's side for at most so long (seconds); that part says nothing of them.
ANNOUNCEMENT_S = 20.0

_RELATIVE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}/\d{4}-\d\d-\d\d/[0-9A-Za-z-]{1,64}\.(wav|ogg|mp3)")


class Finding(StrEnum):
    """How a recording was found after its call."""

    OK = "ok"
    MISSING = "missing"
    UNREADABLE = "unreadable"
    SHORT = "short"
    MIXED = "mixed"
    ELSEWHERE = "elsewhere"
    CUSTOMER_SILENT = "customer-silent"
    OPERATOR_SILENT = "operator-silent"
    SILENT = "silent"


#: What people read.
LABELS = {
    Finding.OK: "as it should be",
    Finding.MISSING: "there is no file",
    Finding.UNREADABLE: "the file is empty or broken",
    Finding.SHORT: "shorter than the call",
    Finding.MIXED: "both sides are the same",
    Finding.ELSEWHERE: "the talk was on the company's own PBX",
    Finding.CUSTOMER_SILENT: "nothing is heard of the customer",
    Finding.OPERATOR_SILENT: "nothing is heard of the operator",
    Finding.SILENT: "nothing is heard of either side",
}


@dataclass(frozen=True, slots=True)
class Expected:
    """What the call's record says. Seconds; `call_s` None when its true end is not known (it was lost sight of).

    `talk_from_s`: from the answer until both were connected, None when they never were. `elsewhere`: the customer was
    sent on to the company's PBX, and nothing there is recorded here.
    """

    call_s: float | None
    talk_from_s: float | None
    talk_s: float
    notice: str = "none"
    elsewhere: bool = False

    @property
    def only_a_moment(self) -> bool:
        """Did they hang up as they picked up?"""
        return self.call_s is not None and self.call_s < MOMENT_S and self.talk_from_s is None


@dataclass(frozen=True, slots=True)
class Measured:
    """What the file says: its length in seconds, and the loudness (RMS, 0 to 1) of each window of either side; `same`
    when there is no difference between the sides."""

    seconds: float
    left: tuple[float, ...]
    right: tuple[float, ...]
    same: bool = False


def relative_path(company: str, call: str, at: float) -> str:
    """COMPANY/DATE/CALL.wav, below the directory of recordings. Nothing of the customer's is in it; `at` is when the
    call was placed, its date that of UTC."""
    path = f"{company}/{day(at)}/{call}.{ON_THE_SWITCH}"
    if not is_path(path):
        raise ValueError(f"{path!r} is no path of a recording")
    return path


def is_path(path: str) -> bool:
    """Could `relative_path` have made this? What comes back from Redis is asked before a file is touched."""
    return bool(_RELATIVE.fullmatch(path))


def notice_sound(campaign: Campaign) -> str:
    """What the customer hears of being recorded, mixed into the call: a sound, or nothing."""
    if not campaign.record or campaign.record_notice == "none":
        return ""
    return BEEP if campaign.record_notice == "tone" else campaign.record_notice


def judge(expected: Expected, measured: Measured | None) -> Finding:
    """Is it there, as long as the call, and is either side silent? `measured` None: it could not be read."""
    if measured is None:
        return Finding.UNREADABLE
    if expected.elsewhere:
        return Finding.ELSEWHERE
    call_s = expected.call_s
    if call_s is not None and measured.seconds < call_s - max(SHORT_BY_S, SHORT_BY * call_s):
        return Finding.SHORT
    if measured.same and max(measured.left, default=0.0) > LOUD:
        return Finding.MIXED
    if expected.talk_from_s is None or expected.talk_s < JUDGED_TALK_S:
        return Finding.OK
    since, until = expected.talk_from_s, expected.talk_from_s + expected.talk_s
    customer = _voice_s(measured.left, since, until, "none")
    operator = _voice_s(measured.right, since, until, expected.notice)
    silent = (customer is not None and customer < VOICE_S, operator is not None and operator < VOICE_S)
    return {
        (True, True): Finding.SILENT,
        (True, False): Finding.CUSTOMER_SILENT,
        (False, True): Finding.OPERATOR_SILENT,
    }.get(silent, Finding.OK)


def _voice_s(side: tuple[float, ...], since: float, until: float, notice: str) -> float | None:
    """Seconds of voice in a side between two instants of the file, the notice left out; None if too little is left."""
    if notice not in ("none", "tone"):
        since = max(since, ANNOUNCEMENT_S)
    windows = [
        loudness
        for index, loudness in enumerate(side)
        if since <= index * WINDOW_S < until and not (notice == "tone" and (index * WINDOW_S) % BEEP_EVERY_S < BEEP_S)
    ]
    if len(windows) * WINDOW_S < JUDGED_TALK_S - 1.0:
        return None
    return sum(loudness > LOUD for loudness in windows) * WINDOW_S
