"""The conversations with a real FreeSWITCH: as bytes, as frames, and as scripts for a switch."""

import json
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "captures"
NAMES = sorted(path.stem for path in FOLDER.glob("*.jsonl"))


def lines(name):
    """A conversation's pieces, as recorded."""
    return [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text().splitlines()]


def sent_by_server(name):
    """Everything the switch sent in a conversation, joined."""
    return "".join(line["data"] for line in lines(name) if line["dir"] == "server").encode()


def sent_by_client(name):
    """The commands of a conversation, one by one."""
    return [line["data"] for line in lines(name) if line["dir"] == "client"]


def event_frames(name):
    """The plain events of a recorded conversation, as frames."""
    frames = []
    data = sent_by_server(name)
    marker = b"Content-Type: text/event-plain\n\n"
    at = 0
    while (found := data.find(marker, at)) >= 0:
        start = data.rindex(b"Content-Length: ", 0, found)
        end = found + len(marker) + int(data[start:found].split()[1])
        frames.append(data[start:end])
        at = end
    assert frames
    return frames


def replay_after_greeting(name, from_command):
    """A script that answers commands as a recorded conversation did, from its n-th command on."""
    conversation = lines(name)
    commands = [i for i, line in enumerate(conversation) if line["dir"] == "client"]
    answers = [line["data"] for line in conversation[commands[from_command] :] if line["dir"] == "server"]

    def serve(line):
        line.send(b"Content-Type: auth/request\n\n")
        line.command()
        for answer in answers:
            line.send(answer.encode())
        line.close()

    return serve
