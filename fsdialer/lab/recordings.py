"""Recording a channel: ``uuid_record``, and what is said when it stops."""

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


class Recordings:
    """Starts and stops recordings on the channels of an exchange; nothing is written to disk."""

    def __init__(self, exchange: "Exchange") -> None:
        self._exchange = exchange
        self._fire = exchange.fire

    def start(self, channel: Channel, path: str) -> str:
        """The answer of ``uuid_record … start``."""
        channel.recording = path if path.startswith("/") else f"{FOLDER}/{path}"
        channel.recording_since = micros()
        self._exchange.later(STEP_S, channel, self._started, channel)
        return "+OK Success\n"

    def _started(self, channel: Channel) -> None:
        self._fire("RECORD_START", channel, Record_File_Path=channel.recording)

    def stop_path(self, channel: Channel, path: str) -> str:
        """The answer of ``uuid_record … stop``: the path must be the one the recording has, folder and all."""
        if not channel.recording or path not in (channel.recording, "all"):
            return "-ERR Cannot stop record session!\n"
        self.stop(channel)
        return "+OK Success\n"

    def stop(self, channel: Channel) -> None:
        """The recording is over."""
        length_ms = (micros() - channel.recording_since) // 1000
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
        self._fire("RECORD_STOP", channel, Record_File_Path=path, Record_Completion_Cause="success-silence")
