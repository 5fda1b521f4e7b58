"""Recording a channel: ``uuid_record`` and ``record_session``, what is said when it stops, and the file.

What people say is a tone each, in syllables: customers 440 Hz, operators one of their own. A stereo file has who is
recorded on the left and whom they hear on the right, as FreeSWITCH writes it.
"""

import math
import struct
from array import array
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from fsdialer.lab.bridges import STEP_S
from fsdialer.lab.channel import Channel
from fsdialer.lab.events import micros

if TYPE_CHECKING:
    from fsdialer.lab.exchange import Exchange

#: Where FreeSWITCH puts files that are named without a folder.
FOLDER = "/var/lib/freeswitch/recordings/"
RATE = 8000
HEADER_BYTES = 44
#: What customers say, in Hz.
CUSTOMER_HZ = 440


class Recordings:
    """Starts and stops recordings on the channels of an exchange; files are written below `folder`, if there is one."""

    def __init__(self, exchange: "Exchange", folder: Path | None = None) -> None:
        self._exchange = exchange
        self._fire = exchange.fire
        self._folder = folder

    def start(self, channel: Channel, path: str) -> str:
        """The answer of ``uuid_record … start``."""
        channel.recording = path if path.startswith("/") else f"{FOLDER}/{path}"
        channel.recording_since = micros()
        channel.recorded = [(channel.recording_since, channel.partner.number if channel.partner else "")]
        self._exchange.later(STEP_S, channel, self._started, channel)
        return "+OK Success\n"

    def _started(self, channel: Channel) -> None:
        self._fire("RECORD_START", channel, Record_File_Path=channel.recording)

    def joined(self, channel: Channel, partner: str) -> None:
        """From now on the channel hears another, or nobody ("")."""
        if channel.recording:
            channel.recorded.append((micros(), partner))

    def stop_path(self, channel: Channel, path: str) -> str:
        """The answer of ``uuid_record … stop``: the path must be the one the recording has, folder and all."""
        if not channel.recording or path not in (channel.recording, "all"):
            return "-ERR Cannot stop record session!\n"
        self.stop(channel)
        return "+OK Success\n"

    def stop(self, channel: Channel) -> None:
        """The recording is over."""
        now = micros()
        length_ms = (now - channel.recording_since) // 1000
        samples = length_ms * RATE // 1000
        stereo = 2 if channel.get("RECORD_STEREO") == "true" else 1
        channel.set(
            record_file_size=str(HEADER_BYTES + samples * 2 * stereo),
            record_samples=str(samples),
            record_seconds=str(length_ms // 1000),
            record_ms=str(length_ms),
            record_completion_cause="success-silence",
        )
        path, channel.recording = channel.recording, ""
        if stereo == 2:
            self._write(Path(path), channel, now)
        self._fire("RECORD_STOP", channel, Record_File_Path=path, Record_Completion_Cause="success-silence")

    def _write(self, path: Path, channel: Channel, now: int) -> None:
        if self._folder is None or not path.resolve().is_relative_to(self._folder.resolve()):
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        ends = [at for at, _ in channel.recorded[1:]] + [now]
        with path.open("wb") as file:
            file.write(bytes(HEADER_BYTES))
            for (since, partner), until in zip(channel.recorded, ends, strict=True):
                first, last = (_sample(at - channel.recording_since) for at in (since, until))
                second = _second(CUSTOMER_HZ, operator_hz(partner) if partner else 0)
                while first < last:
                    begin = first % RATE
                    count = min(last - first, RATE - begin)
                    file.write(second[begin * 4 : (begin + count) * 4])
                    first += count
            file.seek(0)
            file.write(_header(_sample(now - channel.recording_since)))


def operator_hz(number: str) -> int:
    """What an operator of this number says: 600 to 1500 Hz, another for each of ten."""
    return 600 + 100 * (int(number[-1]) if number[-1:].isdigit() else 0)


def _sample(after_us: int) -> int:
    return after_us * RATE // 1_000_000


@lru_cache(maxsize=64)
def _second(left_hz: int, right_hz: int) -> bytes:
    """A second of stereo, four syllables each; it may be repeated without a click."""
    frames = array("h")
    for n in range(RATE):
        loud = 9000 * math.sin(math.pi * 4 * n / RATE) ** 2
        frames.append(round(loud * math.sin(2 * math.pi * left_hz * n / RATE)))
        frames.append(round(loud * math.sin(2 * math.pi * right_hz * n / RATE)) if right_hz else 0)
    return frames.tobytes()


def _header(samples: int) -> bytes:
    """Of a WAV file with 16 bits, two sides."""
    size = samples * 4
    about = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 2, RATE, RATE * 4, 4, 16)
    return struct.pack("<4sI4s", b"RIFF", 36 + size, b"WAVE") + about + struct.pack("<4sI", b"data", size)
