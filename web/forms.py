"""Settings as forms: labels and hints here, what is accepted in `core.fields`. What was typed is never lost."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fsdialer.core.campaigns import (
    Amd,
    AmdAction,
    CallerIdChoice,
    Campaign,
    Company,
    Gateway,
    Mode,
    Operator,
    PhoneFamily,
    PhoneTestRule,
    RecordFormat,
    Station,
    Window,
)
from fsdialer.core.fields import KINDS, Wrong, from_hash, read_delays, read_setting, to_hash

_DELAYS = ("missed", "unavailable", "busy", "technical", "machine")


@dataclass(frozen=True, slots=True)
class Field:
    """One line of a form. `kind`: text, number, flag, choice, many (tick boxes) or lines."""

    name: str
    label: str
    value: str
    kind: str = "text"
    hint: str = ""
    error: str = ""
    choices: tuple[str, ...] = ()
    step: str = "1"


_LABELS: dict[type, dict[str, tuple[str, str, str]]] = {
    Company: {
        "name": ("Name", "text", ""),
        "active": ("Calls are made", "flag", "The master switch: off, and no new call starts."),
        "country": ("Country", "text", "Two letters, for numbers without a country code: US, FR, …"),
        "hide_numbers": ("Hide numbers from operators", "flag", "On the page and on their phones."),
        "dial_format": ("Dial format", "text", "Macros: {number} {host} {port} {server}"),
        "refer_format": ("REFER format", "text", "For phones set to refer: {number} is the operator's extension."),
        "phone_test": (
            "Test phones once a shift",
            "choice",
            "advise: warn; require: no line until all is well.",
        ),
        "server": ("Server", "text", "What {server} stands for."),
        "abandon_window": ("Abandoned share over", "choice", "What the law counts it over: a day, 24h, 30d, a month."),
        "abandon_soft_limit": ("Slower above", "decimal", "Share of it from which predictive slows; 0: at the target."),
        "abandon_hard_limit": ("Progressive from", "decimal", "Share of it where it is; 0: the campaign's target."),
        "allowed_destinations": ("Allowed destinations", "text", "Countries and prefixes: US CA +4930. Empty: all."),
        "premium_allowed": ("Premium numbers too", "flag", "Numbers that cost the caller extra."),
        "max_attempts_per_hour": ("Calls an hour at most", "number", "Over all campaigns; 0: no ceiling."),
        "time_zone": ("Time zone", "text", "Where days begin, and who may be anywhere is: Europe/Paris, …"),
        "holidays": ("Holidays", "text", "2026-12-25 2027-01-01: nobody is called on them, in any campaign."),
    },
    Gateway: {
        "host": ("Host", "text", "Empty: the switch has a gateway of this name."),
        "port": ("Port", "number", ""),
        "profile": ("SIP profile", "text", "Used with a host."),
        "channels": ("Channels", "number", "Calls at a time, never more."),
        "calls_per_second": ("Calls per second", "number", "Never more."),
        "weight": ("Weight", "number", "How often it is asked first; 0: only when others are full or fail."),
        "proxy": ("Carrier's address", "text", "HOST or HOST:PORT, without a host above: the switch is told of it."),
        "username": ("User name at the carrier", "text", "Its password is set with apply (password_env)."),
        "register": ("Register at the carrier", "flag", ""),
        "ping_s": ("Ping every … seconds", "number", "0: never, for a carrier that does not answer OPTIONS."),
        "switches": ("Switches", "text", "Those that have it, parted by spaces; empty: all."),
    },
    Campaign: {
        "name": ("Name", "text", "Shown on operators' phones."),
        "mode": ("Mode", "choice", "predictive: as many as keep to the target; progressive: one call each."),
        "multiplier": ("Call multiplier", "decimal", "1.2 with 5 free operators makes 6 calls; predictive: a cap."),
        "target_abandon": ("Abandoned at most", "decimal", "Share of answered calls, for predictive: 0.03 is 3 %."),
        "gateways": ("Gateways", "text", "In order of preference, parted by spaces."),
        "caller_ids": ("Caller ids", "text", "Parted by spaces."),
        "caller_id_by": ("Caller id shown", "choice", "Each in turn, or the nearest to the number called."),
        "ring_s": ("Ring at most", "number", "Seconds."),
        "max_wait_s": ("Customer waits at most", "decimal", "Seconds from the answer; 2 is the law in many places."),
        "operator_ring_s": ("Ask the next operator after", "decimal", "Seconds of an operator's phone ringing."),
        "message": ("Message to who was not connected", "text", "A sound file on the switch; empty: hang up."),
        "held_sound": ("Held phones hear", "text", "Between calls: tone, silence, or a sound file on the switch."),
        "opt_out_key": ("Key to opt out", "text", "A digit pressed during the message: not called again."),
        "record": ("Record calls", "flag", "From the answer to the end; the customer left, the operator right."),
        "record_format": ("Recordings kept as", "choice", "ogg and mp3 take a tenth of the space of wav."),
        "record_keep_days": ("Recordings kept for", "number", "Days; then they are removed."),
        "record_notice": (
            "Notice of recording",
            "text",
            "none, tone (a beep every 15 s) or a sound file.",
        ),
        "wrap_up_s": ("Wrap-up at most", "decimal", "Seconds."),
        "max_attempts": ("Attempts at most", "number", "Then the lead is done; a promised call-back is still made."),
        "max_talk_s": ("Talk at most", "number", "Seconds."),
        "amd": ("Listen for answering machines", "choice", "beep: mod_avmd; rules: mod_amd, and offices are lost."),
        "amd_action": ("A machine gets", "choice", "Before an operator has the call; no talk is ever ended."),
        "amd_message": ("Message to machines", "text", "A sound file, after the beep; empty: the message above."),
        "calling_hours": ("Calling hours", "text", "mon-fri 09:00-20:00, sat 10:00-16:00, where they are."),
        "holidays": ("Holidays", "text", "2026-12-25 2027-01-01, besides the company's: nobody is called."),
        "amd_sample": ("Machines an operator gets all the same", "number", "Percent: their word is the truth."),
    },
    Operator: {
        "name": ("Name", "text", ""),
        "extension": ("Extension", "text", "Their phone; nobody else's."),
        "dial": ("Dial instead", "text", "A FreeSWITCH destination in place of user/EXTENSION."),
        "station": (
            "Phone",
            "choice",
            "ring: for each customer; nailed: held up between calls; webrtc: in their page; refer: on your own PBX.",
        ),
        "phone": ("Answers by itself to", "choice", "The header; auto: by what the phone says of itself."),
        "campaigns": ("Campaigns", "text", "Parted by spaces."),
        "home": ("Switch of the phone", "text", "Empty: the one it is registered with."),
    },
}
_CHOICES = {
    "phone_test": tuple(PhoneTestRule),
    "mode": tuple(Mode),
    "station": tuple(Station),
    "phone": tuple(PhoneFamily),
    "abandon_window": tuple(Window),
    "caller_id_by": tuple(CallerIdChoice),
    "record_format": tuple(RecordFormat),
    "amd": tuple(Amd),
    "amd_action": tuple(AmdAction),
}


def form_of(kind: type, values: Mapping[str, str], errors: Mapping[str, str] | None = None) -> list[Field]:
    """The lines of a form with these values (as `to_hash` or a browser has them) and errors beside them."""
    errors = errors or {}
    fields = [
        Field(
            name,
            label,
            values.get(name, ""),
            "number" if shape == "decimal" else shape,
            hint,
            errors.get(name, ""),
            tuple(str(choice) for choice in _CHOICES.get(name, ())),
            "any" if shape == "decimal" else "1",
        )
        for name, (label, shape, hint) in _LABELS[kind].items()
    ]
    return fields + (_delay_fields(kind, values, errors) if kind in (Company, Campaign) else [])


def _delay_fields(kind: type, values: Mapping[str, str], errors: Mapping[str, str]) -> list[Field]:
    hint = "Minutes." if kind is Company else "Minutes; empty: as the company."
    labels = {
        "missed": "Call again: missed",
        "unavailable": "Call again: unavailable",
        "busy": "Call again: busy",
        "technical": "Call again: technical error, no free operators",
        "machine": "Call again: answering machine",
    }
    return [
        Field(
            f"retry_{d}_min",
            labels[d],
            values.get(f"retry_{d}_min", ""),
            "number",
            hint,
            errors.get(f"retry_{d}_min", ""),
            step="any",
        )
        for d in _DELAYS
    ]


def read_form(kind: Any, identity: dict[str, str], form: Mapping[str, str]) -> tuple[Any, dict[str, str]]:
    """The thing a form describes, and errors by field; the thing is None when there are any."""
    errors: dict[str, str] = {}
    values: dict[str, str] = {}
    for name in KINDS[kind]:
        given = form.get(name, "0" if _LABELS[kind][name][1] == "flag" else "")
        try:
            read_setting(kind, name, given.strip())
            values[name] = given.strip()
        except Wrong as wrong:
            errors[name] = str(wrong)
    for delay in _DELAYS if kind in (Company, Campaign) else ():
        name = f"retry_{delay}_min"
        given = form.get(name, "").strip()
        if given:
            try:
                read_delays({delay: given})
                values[name] = given
            except Wrong as wrong:
                errors[name] = str(wrong)
    return (None, errors) if errors else (from_hash(kind, "form", identity, values), errors)


def values_of(thing: Company | Gateway | Campaign | Operator) -> dict[str, str]:
    """A thing's settings as a form shows them."""
    return to_hash(thing)
