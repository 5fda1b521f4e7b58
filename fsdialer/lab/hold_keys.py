"""Phones that put their call on hold, as many do by themselves when a second call is made or taken, and take it off."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fsdialer.lab.exchange import Exchange
    from fsdialer.lab.places import Phone


def holds(exchange: "Exchange", phone: "Phone") -> None:
    """By an INVITE within the call whose sound goes one way."""
    _says(exchange, phone, "sendonly", "CHANNEL_HOLD")


def resumes(exchange: "Exchange", phone: "Phone") -> None:
    """By another one, of both ways."""
    _says(exchange, phone, "sendrecv", "CHANNEL_UNHOLD")


FATES = {"holds": holds, "resumes": resumes}


def _says(exchange: "Exchange", phone: "Phone", flow: str, event: str) -> None:
    for channel in list(exchange.channels.values()):
        if channel.kind == "operator" and channel.number == phone.extension and channel.answered:
            channel.set(remote_audio_media_flow=flow)
            exchange.fire(event, channel)
