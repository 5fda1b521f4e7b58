"""From FreeSWITCH's events to ours. The only reader of FreeSWITCH's header names.

Pure: an event in, an event out. It refuses to know what has happened before: a leg's history is `core.calls`'.
"""

import html
import json
import math
import re
from dataclasses import dataclass
from typing import Any

from fsdialer.core.events import (
    Heartbeat,
    JobDone,
    LegAnswered,
    LegHungUp,
    LegReady,
    LegRinging,
    LegsBridged,
    LineOnHold,
    MachineHeard,
    PhoneGone,
    Reported,
    SwitchEvent,
    WaitExpired,
)
from fsdialer.esl.commands import KEY, NO_PICKUP, OPT_OUT, RINGING, SILENT
from fsdialer.esl.frames import Event, JsonEvent

#: What a dialer needs, and nothing else: events without variables and logs cost the switch and us.
SUBSCRIPTION = (
    "CHANNEL_PROGRESS",
    "CHANNEL_PROGRESS_MEDIA",
    "CHANNEL_ANSWER",
    "CHANNEL_PARK",
    "CHANNEL_EXECUTE",
    "CHANNEL_BRIDGE",
    "CHANNEL_HOLD",
    "CHANNEL_UNHOLD",
    "CHANNEL_HANGUP_COMPLETE",
    "BACKGROUND_JOB",
    "HEARTBEAT",
    "CUSTOM",
    "avmd::beep",
    "amd::info",
    "sofia::unregister",
)

#: Whom a contact stands for: after its user, before its parameters.
_HOST_PORT = re.compile(r"@(\[[0-9a-fA-F:]+\](?::[0-9]+)?|[^\s;>@]+)")
#: A phone's registration in a profile's list of them, and what it says.
_REGISTRATION, _SAID = re.compile(r"<registration>(.*?)</registration>", re.S), re.compile(r"<([a-z-]+)>([^<]*)</")
#: How our variables are called on the wire, and how an inner dialplan's silence begins.
_TAG, _SILENCE = "fsdialer_", "silence_stream://"
#: The status sofia-sip gives a call whose carrier asks for a password again, once it was shown the one we have.
_PASSWORD_REFUSED = "904"


@dataclass(frozen=True, slots=True)
class ChannelSnapshot:
    """A channel as `uuid_dump` shows it.

    `answered_at`: epoch seconds by the switch's clock, None before. `bridged_to`: the other leg's uuid while both talk,
    else empty. `variables` are ours only (``fsdialer_…``). `waited`: the wait is over, what follows it has begun;
    `sent_on`: the far side has said that a REFER succeeded; `on_hold`: it has put the line on hold.
    """

    uuid: str
    answered_at: float | None
    bridged_to: str
    variables: dict[str, str]
    waited: bool = False
    sent_on: bool = False
    on_hold: bool = False


def to_event(event: Event, clock_shift_s: float = 0.0) -> Reported | None:
    """Our event for FreeSWITCH's; None for one that says nothing to a dialer.

    `clock_shift_s` is added to the switch's times (`ClockShift` knows how much makes them ours).
    """
    name = event.name
    at = (_seconds(event.get("Event-Date-Timestamp")) or 0.0) + clock_shift_s
    leg = event.get("Unique-ID")
    match name:
        case "CHANNEL_PROGRESS" | "CHANNEL_PROGRESS_MEDIA":
            return LegRinging(leg, at)
        case "CHANNEL_ANSWER":
            return LegAnswered(leg, at)
        case "CHANNEL_PARK":
            return LegReady(leg, at)
        case "CHANNEL_EXECUTE":
            return _executing(event, leg, at)
        case "CHANNEL_BRIDGE":
            return LegsBridged(leg, _other_leg(event, leg), at)
        case "CHANNEL_HOLD" | "CHANNEL_UNHOLD":
            return LineOnHold(leg, at, name == "CHANNEL_HOLD" or _sends_only(event))
        case "CHANNEL_HANGUP_COMPLETE":
            return _hung_up(event, leg, at, clock_shift_s)
        case "BACKGROUND_JOB":
            return _job(event, at)
        case "HEARTBEAT":
            return Heartbeat(
                event.get("Core-UUID"), at, _whole(event.get("Session-Count")), _whole(event.get("Max-Sessions"))
            )
    return _custom(event, leg, at)


def _custom(event: Event, leg: str, at: float) -> MachineHeard | PhoneGone | None:
    """What a module says: a detector of answering machines (mod_amd's event has a subclass, but neither a name nor a
    time: 0), or the registrar."""
    match event.get("Event-Subclass"):
        case "sofia::unregister":
            return PhoneGone(event.get("from-user"), at)
        case "avmd::beep":
            return MachineHeard(leg, at, beep=True)
        case "amd::info" if event.get("variable_amd_result") == "MACHINE":
            return MachineHeard(leg, 0.0, beep=False)
    return None


def _executing(event: Event, leg: str, at: float) -> SwitchEvent | None:
    """The waiting room's steps: its silence may be bridged, its message and its hang-up are the end of the wait."""
    application, data = event.get("Application"), event.get("Application-Data")
    if application == "playback" and data.startswith((_SILENCE, RINGING)):
        return LegReady(leg, at)
    return WaitExpired(leg, at) if _waited(event, application, data) else None


def _waited(event: Event, application: str, data: str) -> bool:
    """Is that what follows a customer's wait: the message, the time for a key after it, the hang-up?"""
    if not event.get(f"variable_{_TAG}lead"):
        return False
    if application == "playback":
        return not data.startswith((_SILENCE, RINGING))
    return application == "sleep" or (application == "hangup" and data == NO_PICKUP)


def _other_leg(event: Event, leg: str) -> str:
    pair = (event.get("Bridge-A-Unique-ID"), event.get("Bridge-B-Unique-ID"))
    return event.get("Other-Leg-Unique-ID") or (pair[1] if pair[0] == leg else pair[0])


def _sip_status(event: Event) -> int | None:
    """The far side's final answer. The switch gives its own timers' end a 408 that came from nowhere, and a second
    demand for a password (the one we have is wrong) a status of its own."""
    status = event.get("variable_sip_term_status") or event.get("variable_sip_invite_failure_status")
    if status == "408" and event.get("variable_sip_network_port") == "0":
        return None
    return 407 if status == _PASSWORD_REFUSED else _whole(status) or None


def _hung_up(event: Event, leg: str, at: float, clock_shift_s: float) -> LegHungUp:
    answered_at = _seconds(event.get("Caller-Channel-Answered-Time"))
    progress = event.get("Caller-Channel-Progress-Time"), event.get("Caller-Channel-Progress-Media-Time")
    return LegHungUp(
        leg=leg,
        at=at,
        cause=event.get("Hangup-Cause") or event.get("variable_hangup_cause"),
        sip_status=_sip_status(event),
        rang=any(_whole(time) > 0 for time in progress),
        answered_at=None if answered_at is None else answered_at + clock_shift_s,
        by_far_end=event.get("variable_sip_hangup_disposition").startswith("recv_"),
        opted_out=bool(event.get(f"variable_{OPT_OUT}") or event.get(f"variable_{KEY}")),
        packets=_count(event.get("variable_rtp_audio_in_media_packet_count")),
        heard=event.get(f"variable_{SILENT}") == "false",
        refer=_count(event.get("variable_sip_refer_status_code")),
        refer_result=_count(event.get("variable_sip_refer_target_status_code")),
        bridge_cause=event.get("variable_last_bridge_hangup_cause"),
    )


def _sends_only(event: Event) -> bool:
    """By what it said last the far side does not listen. The end of a bridge takes the switch's own mark of a hold off
    (CHANNEL_UNHOLD), whatever the far side does, and then none comes when it does take it off."""
    return event.get("variable_remote_audio_media_flow") in ("sendonly", "inactive")


def _count(text: str) -> int | None:
    return _whole(text) if text else None


def _job(event: Event, at: float) -> JobDone:
    body = event.body.strip()
    failed = body.startswith(("-ERR", "-USAGE"))
    text = body.removeprefix("-ERR").removeprefix("+OK").strip() if failed or body.startswith("+OK") else body
    return JobDone(event.get("Job-UUID"), at, not failed, text)


def channel_rows(text: str) -> list[str]:
    """The uuids in the answer of ``show channels as json``; ValueError when it is something else."""
    rows = _json(text).get("rows")
    if not isinstance(rows, list):  # with no channel at all there is only a row_count
        return []
    return [str(row["uuid"]) for row in rows if isinstance(row, dict) and row.get("uuid")]


def contacts(text: str) -> list[str]:
    """Where a phone is registered, ``host:port`` each, of the answer of ``sofia_contact``; none when it is not."""
    found = (_HOST_PORT.search(contact) for contact in text.strip().split(","))
    return [match[1] for match in found if match]


def task_names(text: str) -> frozenset[str]:
    """The names (groups) of the tasks in the answer of ``show tasks as json``; ValueError when it is something else."""
    rows = _json(text).get("rows")
    return frozenset(str(row.get("task_group")) for row in rows if isinstance(row, dict)) if rows else frozenset()


def _registered(text: str) -> list[dict[str, str]]:
    """The registrations in the answer of ``sofia xmlstatus profile … reg``, what each says by its tag."""
    rows = _REGISTRATION.findall(text)
    return [{tag: html.unescape(words) for tag, words in _SAID.findall(row)} for row in rows]


def phones(text: str, extension: str, domain: str) -> list[str]:
    """Where a user's phones are, ``host:port`` for each, in the answer of ``sofia xmlstatus profile … reg``; an empty
    domain stands for any. Many phones choose another contact at each start: what one of the same make was registered as
    before, at the same address, runs out by itself, and the switch rings the latest."""
    found = {}
    for said in _registered(text):
        user = said.get("user", "")
        if user == f"{extension}@{domain or user.partition('@')[2]}":
            for address in contacts(said.get("contact", "")):
                found[address, said.get("agent", ""), said.get("network-ip", "")] = address
    return list(found.values())


def sharing(text: str, extension: str, domain: str) -> dict[str, list[str]]:
    """Who else is registered with this user's phone, by its address (host:port), in the answer of ``sofia xmlstatus
    profile … reg``; an empty domain stands for any. It is the same phone only where both agree: what it calls itself,
    and where its messages come from (many phones may be behind one proxy, or have one private address in many homes).
    """
    at: dict[tuple[str, ...], list[str]] = {}
    for said in _registered(text):
        where = (*contacts(said.get("contact", "")), said.get("network-ip", ""), said.get("network-port", ""))
        at.setdefault(where, []).append(said.get("user", ""))
    found: dict[str, list[str]] = {}
    for where, users in at.items():
        own = [user for user in users if user == f"{extension}@{domain or user.partition('@')[2]}"]
        others = sorted({user.partition("@")[0] for user in users if user and user not in own})
        if own and others:
            found[where[0]] = others
    return found


def registered_as(text: str) -> dict[str, frozenset[str]]:
    """Extension → the Call-IDs it is registered under, in the answer of ``sofia xmlstatus profile … reg``. A phone
    keeps its own for as long as it runs (RFC 3261, 10.2): another one is a phone started anew, or another phone."""
    found: dict[str, set[str]] = {}
    for said in _registered(text):
        found.setdefault(said.get("user", "").partition("@")[0], set()).add(said.get("call-id", ""))
    return {extension: frozenset(ids) for extension, ids in found.items()}


def registered_at(text: str) -> dict[str, frozenset[str]]:
    """Extension → the addresses it is registered at (``sip:…``, as ``sofia_contact`` has them behind the profile), in
    the answer of ``sofia xmlstatus profile … reg``."""
    found: dict[str, set[str]] = {}
    for said in _registered(text):
        _, _, address = said.get("contact", "").rpartition("<")
        found.setdefault(said.get("user", "").partition("@")[0], set()).add(address.rstrip(">"))
    return {extension: frozenset(addresses - {""}) for extension, addresses in found.items()}


def contact_profile(text: str) -> str:
    """The SIP profile in the answer of ``sofia_contact``; empty for a phone that is not registered."""
    match = re.match(r"sofia/([0-9A-Za-z_.-]{1,64})/", text.strip())
    return match[1] if match else ""


def user_agent(text: str) -> str:
    """What the phone said of itself that registered last, in the answer of ``sofia xmlstatus profile … user``."""
    found = re.findall(r"<agent>([^<]*)</agent>", text)
    return html.unescape(found[-1]) if found else ""


def dumped(text: str) -> ChannelSnapshot:
    """The answer of ``uuid_dump … json``; ValueError when it is something else."""
    values = _json(text)
    event = JsonEvent(values)
    prefix = f"variable_{_TAG}"
    return ChannelSnapshot(
        uuid=event.get("Unique-ID"),
        answered_at=_seconds(event.get("Caller-Channel-Answered-Time")),
        bridged_to=_other_leg(event, event.get("Unique-ID")) if _is_bridged(event) else "",
        variables={name.removeprefix("variable_"): event.get(name) for name in values if name.startswith(prefix)},
        waited=event.get("Channel-State") == "CS_EXECUTE" and _waited(event, *_running(event)),
        sent_on=event.get("variable_sip_refer_target_status_code").startswith("2"),
        on_hold=event.get("Channel-Call-State") == "HELD" or _sends_only(event),
    )


def _running(event: Event) -> tuple[str, str]:
    return event.get("variable_current_application"), event.get("variable_current_application_data")


def _is_bridged(event: Event) -> bool:
    """By its state: `variable_bridge_uuid` and the other leg's headers stay when a bridge has ended (captured)."""
    state = event.get("Channel-State")
    by_application = state == "CS_EXECUTE" and event.get("variable_current_application") == "bridge"
    return state in ("CS_SOFT_EXECUTE", "CS_EXCHANGE_MEDIA") or by_application


class ClockShift:
    """What to add to a switch's clock to have ours.

    FreeSWITCH counts on from the time it had at its start and drifts from the machine's clock. An event is never here
    before it happened, so the least difference seen in the last minute or two is the clocks'; what is more is delay.
    """

    WINDOW_S = 60.0

    def __init__(self) -> None:
        self._before = self._least = math.inf
        self._since = -math.inf

    def seen(self, event: Event, now: float) -> float:
        """Learn from an event that is here `now` (epoch seconds); seconds to add to its times."""
        at = _seconds(event.get("Event-Date-Timestamp"))
        if at is not None:
            if now - self._since > self.WINDOW_S or now < self._since:
                self._before, self._least, self._since = self._least, math.inf, now
            self._least = min(self._least, now - at)
        least = min(self._before, self._least)
        return least if math.isfinite(least) else 0.0


def _json(text: str) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if not isinstance(values, dict):
        raise ValueError(f"not an object: {text[:60]!r}")
    return values


def _seconds(micros: str) -> float | None:
    """Epoch microseconds, 0 meaning never, as epoch seconds."""
    return _whole(micros) / 1e6 or None


def _whole(text: str) -> int:
    """A count; 0 for anything that is none."""
    return int(text) if len(text) < 20 and text.isascii() and text.isdigit() else 0
