"""Commands about REFER: a customer sent to the operator's own PBX, and what they hear meanwhile. Text out, as in
`commands`."""

import re

from fsdialer.errors import UnsafeCommand
from fsdialer.esl import allowed, marks
from fsdialer.esl.allowed import checked
from fsdialer.esl.commands import HOOK, RINGING, unguarded_ms, waiting_room

_REFER_TO = re.compile(r"sip:[0-9A-Za-z+*#._-]{1,64}@[0-9A-Za-z.-]{1,253}(:[0-9]{1,5})?")


def refer(leg: str, target: str) -> str:
    """Ask the far side of a customer's leg, by SIP REFER, to send them to `target` (``sip:1001@pbx.example.com``).

    Answered at once, whatever the far side does: `refer_answer` and `refer_result` ask for that.
    """
    if not _REFER_TO.fullmatch(target):
        raise UnsafeCommand(f"{target[:60]!r} is no plain SIP address: nothing was sent")
    return f"uuid_deflect {checked('leg', allowed.UUID, leg)} {target}"


def remember(leg: str) -> str:
    """Before that: whatever comes of it stands in the mark that the leg leaves."""
    return f"uuid_setvar {checked('leg', allowed.UUID, leg)} {HOOK} {marks.sent_on_hook(leg)}"


def refer_answer(leg: str) -> str:
    """The SIP status the far side answered a REFER with; ``_undef_`` while there is none."""
    return f"uuid_getvar {checked('leg', allowed.UUID, leg)} sip_refer_status_code"


def refer_result(leg: str) -> str:
    """The SIP status in its last NOTIFY: what came of the REFER; ``_undef_`` while there is none."""
    return f"uuid_getvar {checked('leg', allowed.UUID, leg)} sip_refer_target_status_code"


def let_ring(leg: str, wait_s: float, message: str = "", opt_out_key: str = "") -> str:
    """Let a waiting customer hear ringing for `wait_s` seconds, then the end of the waiting room they were in."""
    wait_ms = unguarded_ms(wait_s)
    bursts = -(-wait_ms // 5000)  # a burst of 1 s in five or somewhat less, so that the last ends when the wait does
    on_ms = min(1000, wait_ms // bursts // 2)
    wait = rf"{RINGING}{on_ms}\,{wait_ms // bursts - on_ms}\,440\,480)" + (f";loops={bursts}" if bursts > 1 else "")
    return f"uuid_transfer {checked('leg', allowed.UUID, leg)} {waiting_room(leg, wait, message, opt_out_key)} inline"
