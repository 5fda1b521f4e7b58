"""One channel: what is known of it, and how an event about it reads."""

from dataclasses import dataclass, field
from typing import Any

from gevent import Greenlet

from fsdialer.lab import headers
from fsdialer.lab.people import Plan
from fsdialer.lab.places import Gateway

#: Hangup causes by number (Q.850 and FreeSWITCH's own).
Q850 = {
    "UNALLOCATED_NUMBER": 1,
    "NORMAL_CLEARING": 16,
    "USER_BUSY": 17,
    "NO_USER_RESPONSE": 18,
    "NO_ANSWER": 19,
    "SUBSCRIBER_ABSENT": 20,
    "CALL_REJECTED": 21,
    "DESTINATION_OUT_OF_ORDER": 27,
    "NORMAL_UNSPECIFIED": 31,
    "NORMAL_TEMPORARY_FAILURE": 41,
    "ORIGINATOR_CANCEL": 487,
    "ALLOTTED_TIMEOUT": 602,
    "MANAGER_REQUEST": 503,
    "NO_PICKUP": 602,
}


@dataclass(eq=False)
class Channel:
    """A leg on the switch. Instants are epoch microseconds, 0 until they happen."""

    uuid: str
    kind: str  # customer or operator: which set of variables it has
    name: str
    number: str
    session: int
    created: int
    variables: dict[str, str]
    applications: list[tuple[str, str]]
    gateway: Gateway | None = None
    plan: Plan | None = None
    progress: int = 0
    answered: int = 0
    bridged: int = 0
    hung_up: int = 0
    profile_created: int = 0
    profile_index: int = 1
    stage: str = "created"
    state: str = "CS_INIT"
    application: str = ""
    application_data: str = ""
    application_uuid: str = ""
    cause: str = ""
    sip_status: int | None = None
    sip_phrase: str = ""
    hangup_by: str = ""
    partner: "Channel | None" = None
    last_partner: "Channel | None" = None
    originator: bool = False
    transfer_source: str = ""
    park_timeout_spent: bool = False
    timers: list[Greenlet] = field(default_factory=list)
    playing: Greenlet | None = None
    on_ended: Any = None

    @property
    def caller_id(self) -> str:
        """The number it was called from."""
        return self.variables.get("origination_caller_id_number", "0000000000")

    @property
    def alive(self) -> bool:
        """Not hung up."""
        return not self.hung_up

    def get(self, name: str) -> str | None:
        """A variable's value, given or set by the switch; None when there is none."""
        if name in self.variables:
            return self.variables[name]
        template = headers.VARIABLES[self.kind][self.stage].get(name)
        if template is None:
            return None
        return (
            template.replace("{{", "{").replace("}}", "}") if "{{" in template else template.format_map(self._values())
        )

    def stop_timers(self) -> None:
        """Nothing more happens to it by itself."""
        for timer in [*self.timers, *([self.playing] if self.playing else [])]:
            timer.kill(block=False)
        self.timers.clear()
        self.playing = None

    # -- as header lines -----------------------------------------------------------------------------------
    def lines(self) -> str:
        """The channel's headers and variables, as they stand in every event of it."""
        return self._state_lines() + self._caller_lines() + self._other_lines() + self._variable_lines()

    def _state_lines(self) -> str:
        number = {"CS_INIT": 2, "CS_SOFT_EXECUTE": 3, "CS_EXECUTE": 4, "CS_CONSUME_MEDIA": 8, "CS_REPORTING": 11}
        call_state = "HANGUP" if self.hung_up else "ACTIVE" if self.answered else "RINGING" if self.progress else "DOWN"
        answer = "hangup" if self.hung_up else "answered" if self.answered else "ringing"
        presence = f"Channel-Presence-ID: {self.number}%40127.0.0.1\n" if self.kind == "operator" else ""
        codec = "".join(
            f"Channel-{way}-Codec-Name: PCMU\nChannel-{way}-Codec-Rate: 8000\nChannel-{way}-Codec-Bit-Rate: 64000\n"
            for way in ("Read", "Write")
        )
        name = headers.encode(self.name)
        hangup = f"Hangup-Cause: {self.cause}\n" if self.hung_up else ""
        return (
            f"Channel-State: {self.state}\nChannel-Call-State: {call_state}\n"
            f"Channel-State-Number: {number.get(self.state, 4)}\nChannel-Name: {name}\nUnique-ID: {self.uuid}\n"
            "Call-Direction: outbound\nPresence-Call-Direction: outbound\n"
            f"Channel-HIT-Dialplan: {'true' if self.stage in ('executing', 'hung_up') else 'false'}\n{presence}"
            f"Channel-Call-UUID: {self._call_uuid()}\nAnswer-State: {answer}\n{hangup}{codec if self.answered else ''}"
        )

    def _caller_lines(self) -> str:
        flipped = self.stage in ("executing", "hung_up") and bool(self.answered)
        caller, callee = (self._dialled, self.caller_id) if flipped else (self.caller_id, self._dialled)
        names = "Caller-Caller-ID-Name: Outbound%20Call\n" if flipped else ""
        callee_name = "" if flipped else "Caller-Callee-ID-Name: Outbound%20Call\n"
        transfer = f"Caller-Transfer-Source: {headers.encode(self.transfer_source)}\n" if self.transfer_source else ""
        logical = "inbound" if self.originator else "outbound"
        return (
            f"Caller-Direction: outbound\nCaller-Logical-Direction: {logical}\n{names}"
            f"Caller-Caller-ID-Number: {caller}\nCaller-Orig-Caller-ID-Number: {self.caller_id}\n{callee_name}"
            f"Caller-Callee-ID-Number: {callee}\nCaller-Network-Addr: 127.0.0.1\nCaller-ANI: {self.caller_id}\n"
            f"Caller-Destination-Number: {self._dialled}\nCaller-Unique-ID: {self.uuid}\n"
            f"Caller-Source: src/switch_ivr_originate.c\n{transfer}Caller-Context: default\n"
            f"Caller-Channel-Name: {headers.encode(self.name)}\nCaller-Profile-Index: {self.profile_index}\n"
            + self._times("Caller")
            + "Caller-Screen-Bit: true\nCaller-Privacy-Hide-Name: false\nCaller-Privacy-Hide-Number: false\n"
        )

    def _times(self, who: str) -> str:
        return (
            f"{who}-Profile-Created-Time: {self.profile_created or self.created}\n"
            f"{who}-Channel-Created-Time: {self.created}\n{who}-Channel-Answered-Time: {self.answered}\n"
            f"{who}-Channel-Progress-Time: {self.progress}\n{who}-Channel-Progress-Media-Time: 0\n"
            f"{who}-Channel-Hangup-Time: {self.hung_up}\n{who}-Channel-Transfer-Time: 0\n"
            f"{who}-Channel-Resurrect-Time: 0\n{who}-Channel-Bridged-Time: {self.bridged}\n"
            f"{who}-Channel-Last-Hold: 0\n{who}-Channel-Hold-Accum: 0\n"
        )

    def _other_lines(self) -> str:
        other = self.partner or self.last_partner
        if other is None:
            return ""
        logical = "inbound" if other.originator else "outbound"
        return (
            f"Other-Type: {'originatee' if self.originator else 'originator'}\nOther-Leg-Direction: outbound\n"
            f"Other-Leg-Logical-Direction: {logical}\nOther-Leg-Caller-ID-Name: Outbound%20Call\n"
            f"Other-Leg-Caller-ID-Number: {other._dialled}\nOther-Leg-Orig-Caller-ID-Number: {other.caller_id}\n"
            f"Other-Leg-Callee-ID-Number: {other.caller_id}\nOther-Leg-Network-Addr: 127.0.0.1\n"
            f"Other-Leg-ANI: {other.caller_id}\nOther-Leg-Destination-Number: {other._dialled}\n"
            f"Other-Leg-Unique-ID: {other.uuid}\nOther-Leg-Source: src/switch_ivr_originate.c\n"
            f"Other-Leg-Context: default\nOther-Leg-Channel-Name: {headers.encode(other.name)}\n"
            + other._times("Other-Leg")
            + "Other-Leg-Screen-Bit: true\nOther-Leg-Privacy-Hide-Name: false\nOther-Leg-Privacy-Hide-Number: false\n"
        )

    def _variable_lines(self) -> str:
        given = "".join(f"variable_{name}: {headers.encode(value)}\n" for name, value in self.variables.items())
        bridge = ""
        other = self.partner or self.last_partner
        if other is not None:
            bridge = f"variable_bridge_channel: {headers.encode(other.name)}\nvariable_bridge_uuid: {other.uuid}\n"
        if other is not None and self.partner is None:
            bridge += f"variable_last_bridge_to: {other.uuid}\nvariable_last_bridge_hangup_cause: NORMAL_CLEARING\n"
        return given + self._stage_lines() + bridge + (self._end_lines() if self.hung_up else "")

    def _stage_lines(self) -> str:
        """An unanswered call that ended has no more variables than it had, and the reason of its end."""
        values = self._values()
        if not self.hung_up or self.answered:
            return headers.variable_block(self.kind, self.stage, values)
        stage = "ringing" if self.progress else "created"
        end = {"variable_hangup_cause": self.cause, "variable_hangup_cause_q850": values["q850"]}
        end["variable_sip_hangup_disposition"] = self.hangup_by
        if self.sip_status is not None:
            end["variable_sip_invite_failure_status"] = str(self.sip_status)
            end["variable_sip_invite_failure_phrase"] = self.sip_phrase
            if self.hangup_by.startswith("recv_"):
                end["variable_sip_term_status"] = str(self.sip_status)
                end["variable_proto_specific_hangup_cause"] = f"sip:{self.sip_status}"
                end["variable_sip_term_cause"] = values["q850"]
        end["variable_digits_dialed"] = "none"
        end["variable_caller_id"] = self.caller_id
        return headers.variable_block(self.kind, stage, values) + headers.lines(end)

    def _end_lines(self) -> str:
        """Times and durations, which come with the end."""
        instants = {
            "start": self.created,
            "profile_start": self.profile_created or self.created,
            "answer": self.answered,
            "bridge": self.bridged,
            "last_hold": 0,
            "resurrect": 0,
            "progress": self.progress,
            "progress_media": 0,
            "end": self.hung_up,
        }
        spans = {
            "": self.hung_up - self.created,
            "bill": self.hung_up - self.answered if self.answered else 0,
            "progress": max(0, self.progress - self.created) if self.progress else 0,
            "answer": max(0, self.answered - self.created) if self.answered else 0,
            "wait": max(0, self.bridged - self.created) if self.bridged else 0,
            "progress_media": 0,
            "flow_bill": self.hung_up - self.answered if self.answered else 0,
        }
        text = "variable_hold_accum_seconds: 0\nvariable_hold_accum_usec: 0\nvariable_hold_accum_ms: 0\n"
        for name, at in instants.items():
            stamp = f"variable_{name}_stamp: {headers.stamp(at)}\n" if at else ""
            text += f"{stamp}variable_{name}_epoch: {at // 1_000_000}\nvariable_{name}_uepoch: {at}\n"
        for name, micros in spans.items():
            second, milli, micro = ("duration", "mduration", "uduration") if not name else ("sec", "msec", "usec")
            text += f"variable_{name}{second}: {micros // 1_000_000}\nvariable_{name}{milli}: {micros // 1000}\n"
            text += f"variable_{name}{micro}: {micros}\n"
        return text

    @property
    def _dialled(self) -> str:
        return self.number if self.kind == "customer" else f"{self.number}-0x55f073a8d350"

    def _call_uuid(self) -> str:
        other = self.partner or self.last_partner
        return other.uuid if other is not None and not self.originator else self.uuid

    def _values(self) -> dict[str, str]:
        other = self.partner or self.last_partner
        return {
            "uuid": self.uuid,
            "call_uuid": self._call_uuid(),
            "number": self.number,
            "name": headers.encode(self.name),
            "caller_id": self.caller_id,
            "other_number": other._dialled if other else self._dialled,
            "session": str(self.session),
            "gateway": self.gateway.name if self.gateway else "",
            "call_id": f"{self.uuid[:8]}-6178-1240-809b-b6d4b9b97691",
            "tag": self.uuid[:8],
            "application": self.application or "park",
            "cause": self.cause,
            "q850": str(Q850.get(self.cause, 31)),
            "hangup_by": self.hangup_by,
            "early_media": "false" if self.variables.get("ignore_early_media") == "true" else "true",
            "endpoint": "user" if self.kind == "operator" else "sofia",
        }
