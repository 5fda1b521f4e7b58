"""The conversations with a real FreeSWITCH, as bytes."""

import json
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "captures"
NAMES = sorted(path.stem for path in FOLDER.glob("*.jsonl"))


def sent_by_server(name):
    """Everything the switch sent in a conversation, joined."""
    lines = [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text().splitlines()]
    return "".join(line["data"] for line in lines if line["dir"] == "server").encode()


def sent_by_client(name):
    """The commands of a conversation, one by one."""
    lines = [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text().splitlines()]
    return [line["data"] for line in lines if line["dir"] == "client"]
