"""Where an originate leads: to a person through a gateway, to an operator's phone, back into the switch, or nowhere."""

import random
from collections import Counter

from fsdialer.lab.channel import Channel
from fsdialer.lab.events import micros
from fsdialer.lab.originate import Originate
from fsdialer.lab.people import NEVER, People, Plan
from fsdialer.lab.places import Gateway, Phone
from fsdialer.lab.profile import Profile, Times
from fsdialer.lab.trunks import CHECK

REFUSED_BY_CARRIER = Plan(status=503, ring_s=0.02, rings=False)
#: An INVITE nothing comes back for is given up after so long: `timer-T1X64` of `sip_profiles/carrier.xml`.
MUTE_S = 6.0
NOTHING_HEARD = Plan(status=408, ring_s=MUTE_S, rings=False)
#: Where an operator's phone stands in the recordings.
PHONE_AT = "0x55f073a8d350@127.0.0.1:51979"
#: The number that plays back what it hears.
ECHO = "9196"
#: How long an operator's phone rings before it answers by itself (seconds, at least and at most).
PHONE_RING_S = (0.15, 0.4)


class Destinations:
    """Everybody who can be called, and who was how often. `phone_scale` shortens the ringing of operators' phones."""

    def __init__(self, people: People, gateways: list[Gateway], dice: random.Random, phone_scale: float) -> None:
        self.people = people
        self.gateways = {gateway.name: gateway for gateway in gateways}
        #: Those a rescan finds, and those given up that are still listed.
        self.configured, self.leaving = dict(self.gateways), dict[str, Gateway]()
        self.phones: dict[str, Phone] = {}
        #: The phones that are registered from the start; None: all.
        self.here: set[str] | None = None
        self.attempts: Counter[str] = Counter()
        self.peak_live: Counter[str] = Counter()
        self._live: Counter[str] = Counter()
        self._dice = dice
        self._phone_scale = phone_scale

    def call(self, wanted: Originate, uuid: str, session: int) -> Channel | str:
        """A channel with its plan, or the cause why there is none."""
        kind, _, rest = wanted.destination.partition("/")
        match kind:
            case "sofia" if rest.startswith("switches/"):
                return self._switch(wanted, uuid, session, rest.removeprefix("switches/"))
            case "sofia":
                return self._carrier(wanted, uuid, session, rest)
            case "user":
                return self._phone(wanted, uuid, session, rest.partition("@")[0])
            case "switches":  # the near end of a call that came in from another switch
                channel = _channel(wanted, uuid, session, f"sofia/switches/{rest}", rest)
                channel.plan = Plan(ring_s=0.0, rings=False)
                return channel
            case "loopback":
                return _loopback(wanted, uuid, session, *rest.partition("/")[::2])
            case "error":
                return rest or "CHAN_NOT_IMPLEMENTED"
        return "CHAN_NOT_IMPLEMENTED"

    def phone(self, extension: str) -> Phone | None:
        """An operator's phone; of 1000 to 1999 those that are here are registered from the start."""
        if extension not in self.phones and extension.isdecimal() and 1000 <= int(extension) <= 1999:
            here = self.here is None or extension in self.here
            self.phones[extension] = Phone(extension, "auto" if here else "unregistered")
        return self.phones.get(extension)

    def registered(self) -> list[str]:
        """The extensions of the phones that are registered."""
        phones = (self.phone(str(extension)) for extension in range(1000, 2000))
        return [phone.extension for phone in phones if phone is not None and phone.registered]

    def unregister(self, extension: str) -> None:
        """The switch forgets that a phone is registered."""
        if phone := self.phone(extension):
            phone.mode = "unregistered"

    def ended(self, channel: Channel) -> None:
        """A call is over: its gateway has room again."""
        self._live[channel.number] -= 1
        if channel.gateway is not None:
            channel.gateway.in_use -= 1

    def _switch(self, wanted: Originate, uuid: str, session: int, rest: str) -> Channel:
        to, _, at = rest.partition("@")
        channel = _channel(wanted, uuid, session, f"sofia/switches/{rest}", to)
        channel.trunk, channel.plan = (to, at), Plan(ring_s=NEVER, rings=False)
        channel.echoes = to == CHECK
        return channel

    def _carrier(self, wanted: Originate, uuid: str, session: int, rest: str) -> Channel | str:
        parts = rest.split("/")
        gateway = None
        if parts[0] == "gateway" and len(parts) == 3:
            gateway, number = self.gateways.get(parts[1]), parts[2]
            if gateway is None:
                return "INVALID_GATEWAY"
            if not gateway.up:
                return "GATEWAY_DOWN"
            name = f"sofia/external/{number}"
        elif len(parts) == 2 and "@" in parts[1]:
            number, name = parts[1].partition("@")[0], f"sofia/{parts[0]}/{parts[1]}"
        else:
            return "INVALID_URL"
        if gateway is not None and len(number) == 4 and self.phone(number) is not None:
            return self._extension(wanted, uuid, session, number, name)
        self.attempts[number] += 1
        self._live[number] += 1
        self.peak_live[number] = max(self._live[number], self.peak_live[number])
        channel = _channel(wanted, uuid, session, name, number)
        channel.gateway, channel.plan = gateway, self.people.plan(number, self.attempts[number])
        if gateway is not None and (not gateway.admit() or gateway.unreachable):
            channel.plan = REFUSED_BY_CARRIER
        elif gateway is not None and gateway.mute:
            channel.plan = NOTHING_HEARD
        return channel

    def _extension(self, wanted: Originate, uuid: str, session: int, number: str, name: str) -> Channel | str:
        """An operator's phone behind a gateway: an extension of the company's own PBX."""
        channel = self._phone(wanted, uuid, session, number)
        if isinstance(channel, Channel):
            channel.name = name
            return channel
        channel = _channel(wanted, uuid, session, name, number)
        channel.plan = Plan(status=480, ring_s=0.02, rings=False)
        return channel

    def _phone(self, wanted: Originate, uuid: str, session: int, extension: str) -> Channel | str:
        phone = self.phone(extension)
        if phone is None:
            return "SUBSCRIBER_ABSENT"
        if not phone.registered:
            return "USER_NOT_REGISTERED"
        channel = _channel(wanted, uuid, session, f"sofia/internal/{extension}-{PHONE_AT}", extension)
        channel.kind = "operator"
        channel.profile.destination = channel.profile.callee_number = f"{extension}-{PHONE_AT.partition('@')[0]}"
        channel.plan = {
            "auto": Plan(ring_s=self._dice.uniform(*PHONE_RING_S) * self._phone_scale),
            "slow": Plan(ring_s=3.0),
            "reject": Plan(status=603, ring_s=0.1),
            "early": Plan(ring_s=0.5, early_media=True),
        }.get(phone.mode, Plan(ring_s=NEVER))
        return channel


def _loopback(wanted: Originate, uuid: str, session: int, number: str, context: str) -> Channel | str:
    """Into the dialplan of `freeswitch/`: an echo for operators, and nothing else."""
    if context not in ("operators", "public"):
        return "NO_ROUTE_DESTINATION"
    if (number, context) != (ECHO, "operators"):
        return "CALL_REJECTED"
    channel = _channel(wanted, uuid, session, f"loopback/{number}-a", number)
    channel.plan, channel.echoes = Plan(ring_s=0.0, rings=False), True
    return channel


def _channel(wanted: Originate, uuid: str, session: int, name: str, number: str) -> Channel:
    given, now = wanted.variables, micros()
    profile = Profile(
        destination=number,
        caller_number=given.get("origination_caller_id_number", "0000000000"),
        caller_name=given.get("origination_caller_id_name", ""),
    )
    return Channel(uuid, "customer", name, number, session, profile, Times(created=now, profile_created=now))
