"""Phones that die, are started anew, or whose page is closed badly, without a word to the switch: it goes on holding
their calls, hears nothing from them, and finds out only when it asks."""

from typing import TYPE_CHECKING

from fsdialer.lab.bridges import STEP_S
from fsdialer.lab.channel import Channel
from fsdialer.lab.events import micros

if TYPE_CHECKING:
    from fsdialer.lab.exchange import Exchange
    from fsdialer.lab.places import Phone

NO_CHANNEL = "-ERR No such channel {}!\n"
#: Packets of sound a second.
PACKETS = 50


def dies(exchange: "Exchange", phone: "Phone") -> None:
    """It is gone, and has not been found out yet: it stands in the registrations until it is ``unregistered``."""
    for channel in list(exchange.channels.values()):
        if channel.kind == "operator" and channel.number == phone.extension and not channel.deserted:
            _desert(exchange, channel)


def starts_anew(exchange: "Exchange", phone: "Phone") -> None:
    """It is back, and knows nothing of its calls."""
    dies(exchange, phone)
    phone.register_anew()


def registers_anew(exchange: "Exchange", phone: "Phone") -> None:
    """It registers under another Call-ID, as one started anew does and another one would, and its calls go on."""
    phone.register_anew()


FATES = {"dies": dies, "restarts": starts_anew, "registers-anew": registers_anew}


def _desert(exchange: "Exchange", channel: Channel) -> None:
    channel.deserted = micros()
    limit_ms = channel.get("media_timeout")
    if limit_ms.isdecimal():
        exchange.later(int(limit_ms) / 1000, channel, exchange.hang_up, channel, "MEDIA_TIMEOUT")


def ask(exchange: "Exchange", uuid: str) -> str:
    """``uuid_media_reneg``: an INVITE within the call. Who does not know it says 481; where nobody is, the network
    says so at once on one machine."""
    channel = exchange.alive(uuid)
    if channel is None:
        return "-ERR Operation Failed\n"
    if channel.deserted:
        channel.sip_status, channel.sip_phrase = 481, "Call Does Not Exist"
        exchange.later(STEP_S, channel, exchange.hang_up, channel, "NORMAL_TEMPORARY_FAILURE", "recv_refuse")
    return "+OK Success\n"


def count(exchange: "Exchange", uuid: str) -> str:
    """``uuid_set_media_stats``: what has come in, as variables."""
    channel = exchange.alive(uuid)
    if channel is None:
        return NO_CHANNEL.format(uuid)
    if channel.answered:
        seconds = ((channel.deserted or micros()) - channel.times.answered) / 1e6
        channel.set(rtp_audio_in_media_packet_count=str(int(seconds * PACKETS)))
    return "+OK:\n"
