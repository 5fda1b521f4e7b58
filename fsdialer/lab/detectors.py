"""What listens on a channel for an answering machine: mod_avmd for a beep, mod_amd for the way somebody says hello.

Names and shapes of the events are those of real recordings. A switch has `modules`, and others when told so; an
application of one it has not ends the call, as on a real switch.
"""

from typing import TYPE_CHECKING

from fsdialer.lab.channel import Channel
from fsdialer.lab.events import micros

if TYPE_CHECKING:
    from fsdialer.lab.exchange import Exchange

#: Those of `freeswitch/`.
LOADED = (
    "mod_avmd", "mod_commands", "mod_console", "mod_dialplan_xml", "mod_dptools", "mod_event_socket", "mod_logfile",
    "mod_loopback", "mod_opus", "mod_rtc", "mod_sndfile", "mod_sofia", "mod_spandsp", "mod_tone_stream", "mod_xml_curl",
)  # fmt: skip
MODULES = {"avmd_start": "mod_avmd", "avmd_stop": "mod_avmd", "amd": "mod_amd"}
#: A beep is heard so long after it began, and the way of saying hello judged so long after the answer (seconds).
BEEP_HEARD_S, JUDGED_S = 0.1, 1.6


class Detectors:
    """The detectors of an exchange's channels."""

    def __init__(self, exchange: "Exchange") -> None:
        self._exchange = exchange
        self.modules = set(LOADED)

    def knows(self, application: str) -> bool:
        """Has the switch the module of this application?"""
        return MODULES[application] in self.modules

    def run(self, channel: Channel, application: str) -> None:
        """``avmd_start``, ``avmd_stop`` or ``amd``."""
        if application == "amd":
            later_s = max(0.0, channel.times.answered / 1e6 + JUDGED_S - micros() / 1e6)
            self._exchange.later(later_s, channel, self._judge, channel)
        elif application == "avmd_start" and not channel.listening:
            channel.listening = True
            self._exchange.fire_custom("avmd::start", channel.uuid, Call_command="avmd")
            if channel.plan and channel.plan.beep_s is not None:
                beep_at = channel.times.answered / 1e6 + channel.plan.beep_s
                if (later_s := beep_at - micros() / 1e6) >= 0:
                    self._exchange.later(later_s + BEEP_HEARD_S, channel, self._hear, channel)
        elif application == "avmd_stop":
            self.stop(channel)

    def stop(self, channel: Channel) -> str:
        """The answer of ``avmd UUID stop``: none, as `freeswitch/` has it say nothing (``report_status``)."""
        if not channel.listening:
            return f"+ERR, avmd has not yet been started on\n [{channel.uuid}] [{channel.name}]\n\n"
        channel.listening = False
        self._exchange.fire_custom("avmd::stop", channel.uuid, Call_command="avmd")
        return ""

    def _hear(self, channel: Channel) -> None:
        """A beep, told once for each time it was started, and that one twice."""
        if channel.listening:
            self._exchange.fire_custom(
                "avmd::beep",
                channel.uuid,
                times=2,
                Call_command="avmd",
                Beep_Status="DETECTED",
                Frequency="997.664476",
                Frequency_variance="0.000046",
            )

    def _judge(self, channel: Channel) -> None:
        is_machine = channel.plan is not None and (channel.plan.beep_s is not None or channel.plan.wordy)
        result, cause = ("MACHINE", "MAXWORDS") if is_machine else ("HUMAN", "SILENCEAFTERGREETING")
        channel.set(amd_result=result, amd_cause=cause, amd_result_epoch=str(micros() // 1_000_000))
        self._exchange.events.fire_nameless("amd::info", channel)
