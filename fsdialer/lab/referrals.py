"""REFER: what the far side of a customer's leg makes of being asked to send them elsewhere.

Measured on a real switch: with ``sip_refer_continue_after_reply`` the command is answered at once, the leg goes on with
what it was doing, and what the far side says stands in variables, without an event. Without it the command waits
for an end, ten seconds at most, and hangs the leg up whatever was said.
"""

from typing import TYPE_CHECKING

import gevent

from fsdialer.lab.channel import Channel
from fsdialer.lab.people import BYE

if TYPE_CHECKING:
    from fsdialer.lab.exchange import Exchange

#: How long a REFER is waited for (seconds), and how long the far side takes for each thing it says.
REFER_S, STEP_S = 10.0, 0.02


def deflect(exchange: "Exchange", argument: str) -> str:
    """``uuid_deflect``; blocks for as long as it does."""
    uuid, _, target = argument.partition(" ")
    if not target:
        return "-USAGE: <uuid> <uri>\n"
    channel = exchange.alive(uuid)
    if channel is None:
        return f"-ERR No such channel {uuid}!\n"
    said = channel.plan.refer if channel.plan else ()
    far_side = gevent.spawn(_far_side, exchange, channel, said)
    if channel.get("sip_refer_continue_after_reply") == "true":
        return "+OK:\n"
    far_side.join()
    if not channel.get("sip_refer_reply"):
        gevent.sleep(REFER_S)
    reply = channel.get("sip_refer_reply").strip() or "SIP/2.0 100 Trying"
    exchange.hang_up(channel, "BLIND_TRANSFER")
    return f"+OK:{reply}\n"


def _far_side(exchange: "Exchange", channel: Channel, said: tuple[int, ...]) -> None:
    for at, status in enumerate(said):
        gevent.sleep(STEP_S)
        if not channel.alive:
            return
        if status == BYE:
            exchange.hang_up(channel, "NORMAL_CLEARING", "recv_bye")
        elif not at:
            channel.set(sip_refer_status_code=str(status))
        elif status < 200:
            channel.set(sip_refer_target_provisional_status_code=str(status))
        else:
            channel.set(sip_refer_target_status_code=str(status), sip_refer_reply=f"SIP/2.0 {status} So\r\n")
