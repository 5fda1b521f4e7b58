"""Replaying a recorded conversation with a real FreeSWITCH against a simulated one.

A command is sent when as much has arrived as had arrived when it was sent to the real one: no timing, no sleeping.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import gevent

from tests.lab.line import PASSWORD, Frame, Line, frames_of

FOLDER = Path(__file__).parent.parent / "captures"
NAMES = sorted(path.stem for path in FOLDER.glob("*.jsonl"))


@dataclass
class Recording:
    """A conversation as it was: what the server sent, and each command with the number of frames that came before."""

    frames: list[Frame] = field(default_factory=list)
    commands: list[tuple[int, str]] = field(default_factory=list)

    @classmethod
    def read(cls, name):
        lines = [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text().splitlines()]
        whole = "".join(line["data"] for line in lines if line["dir"] == "server").encode()
        found = list(frames_of(whole))
        recording, received = cls([frame for frame, _ in found]), 0
        for line in lines:
            if line["dir"] == "server":
                received += len(line["data"].encode())
            else:
                before = sum(end <= received for _, end in found)
                recording.commands.append((before, line["data"].replace("********", PASSWORD)))
        return recording


def replay(recording, address, patience_s=6.0):
    """The frames a switch at `address` sends when it is told the same as in `recording`."""
    line = Line(address)
    try:
        for before, command in recording.commands:
            if not line.wait_for(Counter(frame.kind for frame in recording.frames[:before]), patience_s):
                return line.frames
            line.send(command)
        line.wait_for(Counter(frame.kind for frame in recording.frames), patience_s)
        gevent.sleep(0.1)  # for what should not come
        return line.frames
    finally:
        line.close()
