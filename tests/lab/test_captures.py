"""The simulated FreeSWITCH against every conversation recorded with a real one.

Each recording's client side is replayed against a switch of its own, all at the same time; then replies, the order of
events, the names of their headers and their values are compared. Where the two differ, the simulated switch is wrong.
"""

import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass

import gevent
import pytest

from fsdialer.lab import referrals
from fsdialer.lab.exchange import Exchange
from fsdialer.lab.people import People
from fsdialer.lab.places import Gateway
from fsdialer.lab.switch import SimulatedSwitch
from tests.lab.line import PASSWORD, Line
from tests.lab.replay import NAMES, Recording, replay

FATES = [
    *(f"number 1555000{n} answer" for n in range(1, 6)),
    *(f"number {n} without-ringing" for n in (15556001, 15556011, 15556012)),
    *(f"number {n} noanswer" for n in (15552001, 15552009)),
    "number 15551001 busy",
    "number 15553001 unavailable",
    "number 15554001 unknown",
    "number 15555001 refused",
    "number 15557001 rejects",
    "gateway deadtrunk unreachable",
]
#: What was otherwise in a conversation, besides what all have in common.
FATES_IN = {
    "api-replies": ["phone 1002 unregistered"],
    "operator-not-registered": ["phone 1002 unregistered"],
    "filter-by-variable": ["number 15550002 without-ringing"],  # nothing of its call passes the filter
    "uuid-bridge-while-ringing": ["number 15550001 noanswer"],  # it was ended while it rang
}
#: Conversations in which each step follows from the one before, whatever leg it is of.
ONE_STORY = [
    "nailed-up-operator-two-customers",
    "ondemand-bridge-customer-hangs-up",
    "ondemand-bridge-op-hangs-up",
    "operator-bridged-before-the-message",
    "record-and-eavesdrop",
    "transfer-inline-bridge-to-operator",
    "uuid-bridge-while-ringing",
]
FAILURES = [
    "cancel-while-ringing",
    "carrier-503",
    "customer-busy",
    "customer-declines-603",
    "customer-no-answer",
    "customer-unallocated-404",
    "customer-unavailable-480",
    "gateway-refused",
    "hostile-caller-name",
]
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass
class Pair:
    """What the real one sent and what ours did."""

    real: list
    ours: list


def converse(name, unusual):
    """The frames of a conversation with a simulated switch of its own."""
    exchange = Exchange(People(False, 1), [Gateway("trunk"), Gateway("deadtrunk")], unusual=unusual)
    switch = SimulatedSwitch(exchange, PASSWORD, "127.0.0.1", 0, heartbeat_s=0.3 if name == "heartbeat" else 20.0)
    address = switch.start()
    director = Line(address)
    director.send(f"auth {PASSWORD}\n\n")
    for fate in [*FATES, *FATES_IN.get(name, [])]:
        director.send(f"api lab {fate}\n\n")
    if name == "api-replies":  # the call of the conversation before was still there
        leave_a_call_behind(director)
    recording = Recording.read(name)
    try:
        return Pair(recording.frames, replay(recording, address))
    finally:
        director.close()
        switch.stop()


def leave_a_call_behind(line):
    originate = Recording.read("refer-to-operator").commands[2][1].split("\n")[0].removeprefix("bg")
    line.send(f"{originate}\n\n")
    assert line.wait_for(Counter({"api/response": len(FATES) + 2}), 5)
    gevent.sleep(0.1)  # until it is parked, which this line is not told
    line.send("api uuid_deflect 2082d01a-d42a-43c8-a33f-44805bbf4621 sip:1001@127.0.0.1:5060\n\n")


@pytest.fixture(scope="module")
def conversations():
    """Each recording beside what a simulated switch said; in the order that is usual where there are two."""
    patch = pytest.MonkeyPatch()
    patch.setattr(referrals, "REFER_S", 2.0)
    running = {name: gevent.spawn(converse, name, 0.0) for name in NAMES}
    swapped = {name: gevent.spawn(converse, name, 1.0) for name in FAILURES}
    gevent.joinall([*running.values(), *swapped.values()], timeout=30)
    patch.undo()
    return {name: job.get(block=False) for name, job in running.items()}, {
        name: job.get(block=False) for name, job in swapped.items()
    }


@pytest.fixture
def pair(request, conversations):
    return conversations[0][request.param]


every_conversation = pytest.mark.parametrize("pair", NAMES, indirect=True)


#: Headers that differ from run to run: times, sizes, ports, tags; and from switch to switch: its name.
VOLATILE = re.compile(
    r"Event-Date.*|Event-Sequence|Event-Calling-Line-Number|FreeSWITCH-(Host|Switch)name|.*-Time|Up-?[Tt]ime.*|Idle-CPU"
    r"|Session-.*|variable_(.*_(u?epoch|stamp|sdp|sdp_str|port|tag|via|cseq|ssrc|call_id)|.*([mu]?duration|[mu]?sec)"
    r"|session_id|rtp_audio_.*|playback_last_offset_pos|record_(file_size|samples|seconds|ms)|sip_full_(from|to))"
)


# -- what is compared ------------------------------------------------------------------------------------------
def aliases(frames):
    """Uuids by the order in which they appear as a leg, so that those a switch made up agree."""
    legs = dict.fromkeys(frame.leg for frame in frames if frame.leg)
    return {uuid: f"leg {number}" for number, uuid in enumerate(legs, 1)}


def told(frame):
    """What a reply says, but for what differs from run to run."""
    if frame.body.startswith("{"):
        return frame.kind, document(json.loads(frame.body))
    text = re.sub(r"(year|day|hour|minute|second)s?\b", r"\1", UUID.sub("a uuid", frame.body))
    return frame.kind, UUID.sub("a uuid", str(frame.headers)), re.sub(r"\d+s?\b(?=.*\n)|\d+(?=</)", "N", text)


def document(values):
    """The values of a reply in JSON that last."""
    if "rows" in values:
        return values["row_count"], [
            {name: value for name, value in row.items() if name not in ("created", "created_epoch", "hostname")}
            for row in values["rows"]
        ]
    return {name: value for name, value in values.items() if not VOLATILE.fullmatch(name) and name != "Core-UUID"}


def replies(frames):
    return [told(frame) for frame in frames if not frame.form]


def line_of(frame):
    """An event in a few words."""
    words = [
        frame.kind,
        frame.headers.get("Application", ""),
        frame.headers.get("Hangup-Cause", ""),
        frame.body.split(" ")[0],
    ]
    if frame.kind == "BACKGROUND_JOB":
        words.append(frame.headers["Job-Command"])
    return " ".join(word.strip() for word in words if word.strip())


def whose(frame):
    """The leg an event is about; a job's is the first it names."""
    if frame.leg:
        return frame.leg
    found = UUID.search(frame.headers.get("Job-Command-Arg", ""))
    return found[0] if found else ""


def stories(frames):
    """By leg: its events in their order, with the jobs about it among them."""
    names, found = aliases(frames), defaultdict(list)
    for frame in frames:
        if frame.form:
            found[names.get(whose(frame), whose(frame))].append(line_of(frame))
    return found


def events(frames):
    """Each event, by its kind, its leg, and how many there were before."""
    names, seen = aliases(frames), Counter()
    for frame in frames:
        if frame.form:
            key = (frame.kind, names.get(whose(frame), whose(frame)))
            seen[key] += 1
            yield (*key, seen[key]), frame


def lasting(frame, names):
    """An event's headers as they were written, but for what differs from run to run; legs by their aliases."""

    def same(text):
        text = UUID.sub(lambda found: names.get(found[0], "another uuid"), text)
        return re.sub(r"0x[0-9a-f]+|(?<=127\.0\.0\.1)(:|%3A)[45]\d{4}|17\d{8}(?=:|%3A)", "…", text)

    return {name: same(str(value)) for name, value in frame.written.items() if not VOLATILE.fullmatch(name)}


# -- and how it should compare ---------------------------------------------------------------------------------
@every_conversation
def test_replies_are_those_of_the_real_one(pair):
    assert replies(pair.ours) == replies(pair.real)


@every_conversation
def test_every_leg_has_the_same_events_in_the_same_order(pair):
    assert stories(pair.ours) == stories(pair.real)


@pytest.mark.parametrize("pair", ONE_STORY, indirect=True)
def test_legs_that_meet_have_their_events_in_the_same_order_between_them(pair):
    def order(frames):
        names = aliases(frames)
        return [(names[frame.leg], line_of(frame)) for frame in frames if frame.leg]

    assert order(pair.ours) == order(pair.real)


@every_conversation
def test_events_have_the_same_headers(pair):
    ours = dict(events(pair.ours))
    for key, real in events(pair.real):
        assert set(ours[key].headers) == set(real.headers), key


@every_conversation
def test_headers_have_the_same_values_but_for_times_and_places(pair):
    ours, our_names, real_names = dict(events(pair.ours)), aliases(pair.ours), aliases(pair.real)
    for key, real in events(pair.real):
        assert lasting(ours[key], our_names) == lasting(real, real_names), key


@pytest.mark.parametrize("name", FAILURES)
def test_the_result_of_a_failed_originate_may_also_come_on_the_other_side_of_its_hang_up(name, conversations):
    usual, other = conversations[0][name], conversations[1][name]
    for leg, story in stories(usual.ours).items():
        assert stories(other.ours)[leg] == [*story[:-2], *reversed(story[-2:])]
