"""A real test call through a switch, or from one to another: a tone goes to the echo and has to come back."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

import gevent
from gevent.event import AsyncResult

from fsdialer.errors import SwitchError
from fsdialer.esl import check_commands as commands
from fsdialer.esl.client import EslClient
from fsdialer.esl.frames import Event
from fsdialer.esl.link import SwitchAddress
from fsdialer.verbs.check.finding import Finding, fail, ok

#: How long the whole call may take (seconds).
PATIENCE_S = 8.0
#: What to do about a call that failed, by its cause.
MEND = {
    "CALL_REJECTED": "9196 is not an echo there: copy dialplan/operators.xml",
    "NO_ROUTE_DESTINATION": "there is no context `operators`: copy dialplan/operators.xml, and load mod_dialplan_xml",
    "CHAN_NOT_IMPLEMENTED": "load mod_loopback",
    "DESTINATION_OUT_OF_ORDER": "no room for a session: max_sessions, sessions_per_second, min-idle-cpu, fsctl pause",
    "NO_ANSWER": "no room (max_sessions, sessions_per_second, fsctl pause), or dialplan/operators.xml is not ours",
}


@dataclass(frozen=True, slots=True)
class End:
    """How a test call ended: hangup cause, milliseconds until its tone was heard, the far side's SIP status."""

    cause: str
    heard_ms: str = ""
    status: str = ""

    @property
    def heard(self) -> bool:
        """Did the tone come back?"""
        return self.cause == commands.HEARD and self.heard_ms.isdecimal()


class EchoCall:
    """Hears of one call: how its originate ended, and how the call did."""

    def __init__(self) -> None:
        self.leg = str(uuid.uuid4())
        self._over: AsyncResult = AsyncResult()

    def hear(self, event: Event) -> None:
        """The end of the call, or of an originate that came to nothing."""
        if event.name == "CHANNEL_HANGUP_COMPLETE" and event.get("Unique-ID") == self.leg:
            heard_ms, status = (
                event.get(f"variable_{name}") for name in ("tone_detect_echo_total_time", "sip_term_status")
            )
            self._over.set(End(event.get("Hangup-Cause"), heard_ms, status))
        elif event.name == "BACKGROUND_JOB" and event.get("Job-UUID") == self.leg:
            failed, _, cause = event.body.strip().partition(" ")
            if failed == "-ERR":
                self._over.set(End(cause))

    def wait(self) -> End:
        """How it ended."""
        with gevent.Timeout(PATIENCE_S, SwitchError(f"no end of the test call within {PATIENCE_S:.0f} s")):
            end: End = self._over.get()
        return end


def make(address: SwitchAddress, command: Callable[[str], str]) -> End:
    """Make a call over a connection of its own; `command` writes it for the leg it is given. SwitchError when the
    switch says nothing more."""
    call = EchoCall()
    client = EslClient(address.host, address.port, address.password, on_event=call.hear)
    try:
        client.connect()
        client.subscribe(("CHANNEL_HANGUP_COMPLETE", "BACKGROUND_JOB"))
        client.bgapi(command(call.leg), call.leg)
        return call.wait()
    finally:
        client.stop()


def call_echo(name: str, address: SwitchAddress) -> Finding:
    """Through the switch itself."""
    return judged(name, make(address, commands.originate_echo))


def judged(name: str, end: End) -> Finding:
    """What a call that ended so says about the switch."""
    if end.heard:
        return ok(f"{name}: test call to the echo: answered, its tone came back after {int(end.heard_ms) / 1000:.2f} s")
    if end.cause == commands.SILENT:
        mend = "sound does not flow inside it: see whether mod_tone_stream is loaded, and the switch's log"
        return fail(f"{name}: test call to the echo: answered, but its tone did not come back", mend)
    return fail(
        f"{name}: test call to the echo failed: {end.cause}", MEND.get(end.cause, "see the switch's log for this cause")
    )
