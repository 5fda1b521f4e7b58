"""A real test call through a switch: a tone goes to the echo and has to come back."""

import uuid

import gevent
from gevent.event import AsyncResult

from fsdialer.errors import SwitchError
from fsdialer.esl import check_commands as commands
from fsdialer.esl.client import EslClient
from fsdialer.esl.frames import Event
from fsdialer.verbs.check.finding import Finding, fail, ok

#: How long the whole call may take (seconds).
PATIENCE_S = 8.0
#: What to do about a call that failed, by its cause.
MEND = {
    "CALL_REJECTED": "9196 is not an echo there: copy dialplan/operators.xml",
    "NO_ROUTE_DESTINATION": "there is no context `operators`: copy dialplan/operators.xml, and load mod_dialplan_xml",
    "CHAN_NOT_IMPLEMENTED": "load mod_loopback",
    "DESTINATION_OUT_OF_ORDER": "no room for another session: see max_sessions and sessions_per_second",
}


class EchoCall:
    """Hears of one call: how its originate ended, and how the call did."""

    def __init__(self) -> None:
        self.leg = str(uuid.uuid4())
        self._over: AsyncResult = AsyncResult()

    def hear(self, event: Event) -> None:
        """The end of the call, or of an originate that came to nothing."""
        if event.name == "CHANNEL_HANGUP_COMPLETE" and event.get("Unique-ID") == self.leg:
            self._over.set((event.get("Hangup-Cause"), event.get("variable_tone_detect_echo_total_time")))
        elif event.name == "BACKGROUND_JOB" and event.get("Job-UUID") == self.leg:
            failed, _, cause = event.body.strip().partition(" ")
            if failed == "-ERR":
                self._over.set((cause, ""))

    def wait(self) -> tuple[str, str]:
        """Hangup cause, and after how many milliseconds the tone was heard."""
        with gevent.Timeout(PATIENCE_S, SwitchError(f"no end of the test call within {PATIENCE_S:.0f} s")):
            cause, heard_ms = self._over.get()
        return cause, heard_ms


def call_echo(name: str, host: str, port: int, password: str) -> Finding:
    """Make the call over a connection of its own. SwitchError when the switch says nothing more."""
    call = EchoCall()
    client = EslClient(host, port, password, on_event=call.hear)
    try:
        client.connect()
        client.subscribe(("CHANNEL_HANGUP_COMPLETE", "BACKGROUND_JOB"))
        client.bgapi(commands.originate_echo(call.leg), call.leg)
        cause, heard_ms = call.wait()
    finally:
        client.stop()
    return judged(name, cause, heard_ms)


def judged(name: str, cause: str, heard_ms: str) -> Finding:
    """What a call that ended so says about the switch."""
    if cause == commands.HEARD and heard_ms.isdecimal():
        return ok(f"{name}: test call to the echo: answered, its tone came back after {int(heard_ms) / 1000:.2f} s")
    if cause == commands.SILENT:
        mend = "sound does not flow inside it: see whether mod_tone_stream is loaded, and the switch's log"
        return fail(f"{name}: test call to the echo: answered, but its tone did not come back", mend)
    return fail(
        f"{name}: test call to the echo failed: {cause}", MEND.get(cause, "see the switch's log for this cause")
    )
