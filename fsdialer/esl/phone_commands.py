"""Commands about operators' phones: where they are registered, and whether one is still there. Text out, as in
`commands`."""

from fsdialer.esl import allowed
from fsdialer.esl.allowed import checked

#: Where the switch leaves, once it was told to count, how many packets of audio have come in on a channel.
_PACKETS = "rtp_audio_in_media_packet_count"


def registration(profile: str, extension: str, domain: str = "") -> str:
    """What is known of a phone's registration, as XML; without a domain, in any."""
    name, user = (
        checked("profile", allowed.NAME, profile),
        checked("extension", allowed.EXTENSION, extension),
    )
    return f"sofia xmlstatus profile {name} user {user}@{checked('domain', allowed.DOMAIN, domain)}"


def registrations(profile: str) -> str:
    """What is known of all phones registered with a SIP profile, as XML."""
    return f"sofia xmlstatus profile {checked('profile', allowed.NAME, profile)} reg"


def sign_of_life(leg: str) -> str:
    """Send an INVITE within the call. A phone that knows the call answers, and nothing is heard of it; one that was
    started anew knows no such call, and the switch hangs up at once (captured: 481, NORMAL_TEMPORARY_FAILURE)."""
    return f"uuid_media_reneg {checked('leg', allowed.UUID, leg)}"


def count_packets(leg: str) -> str:
    """Have the switch count what has come in on a channel, for `packets` to ask."""
    return f"uuid_set_media_stats {checked('leg', allowed.UUID, leg)}"


def packets(leg: str) -> str:
    """How many packets of audio have come in on a channel; ``_undef_`` before they were counted."""
    return f"uuid_getvar {checked('leg', allowed.UUID, leg)} {_PACKETS}"
