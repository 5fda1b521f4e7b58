"""Events to be translated: those of a recorded conversation, and those a test makes up."""

from fsdialer.esl.frames import FrameReader, JsonEvent
from tests.esl import captures

#: A hangup that says nothing of why.
HANGUP = {"Event_Name": "CHANNEL_HANGUP_COMPLETE", "Unique_ID": "u-1", "Event_Date_Timestamp": "9000000"}


def events_of(name):
    """A conversation's events, as FreeSWITCH's."""
    frames = FrameReader().feed(captures.sent_by_server(name))
    return [event for frame in frames if (event := frame.event()) is not None]


def event_of(**headers):
    """An event with these headers; underscores stand for hyphens, except in variables."""
    return JsonEvent({k if k.startswith("variable_") else k.replace("_", "-"): v for k, v in headers.items()})
