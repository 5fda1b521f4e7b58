"""What a dialer is told, in words: one line an event, legs by the letter of their first appearance."""

from fsdialer.core import events


class Storyteller:
    """Tells events; the same leg keeps its letter."""

    def __init__(self):
        self._letters = {}

    def tell(self, event):
        """One line."""
        match event:
            case events.LegRinging(leg=leg):
                return f"{self._leg(leg)} rings"
            case events.LegAnswered(leg=leg):
                return f"{self._leg(leg)} answers"
            case events.LegReady(leg=leg):
                return f"{self._leg(leg)} may be bridged"
            case events.WaitExpired(leg=leg):
                return f"{self._leg(leg)} has waited too long"
            case events.LegsBridged(leg=leg, other=other):
                return f"{self._leg(leg)} talks to {self._leg(other)}"
            case events.LegHungUp():
                return f"{self._leg(event.leg)} is gone: {event.cause}{self._why(event)}"
            case events.JobDone(ok=ok, text=text):
                return f"job done: {self._letters.get(text, text)}".strip(": ") if ok else f"job failed: {text}"
            case events.Heartbeat(sessions=sessions, max_sessions=most):
                return f"alive, {sessions} of {most} sessions"

    @staticmethod
    def _why(event):
        words = [f"sip {event.sip_status}"] if event.sip_status else []
        words += ["had rung"] if event.rang else []
        words += ["had answered"] if event.answered_at else []
        words += ["by the far end"] if event.by_far_end else []
        return ", " + ", ".join(words) if words else ""

    def _leg(self, uuid):
        assert uuid
        return self._letters.setdefault(uuid, "ABCDEFGH"[len(self._letters)])
