"""The conversations with a real FreeSWITCH, as bytes."""

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
