"""Which phones are registered with a switch, and under which Call-IDs: they tell one that was started anew from one
that was there all the time. Asked once a look for all phones of a SIP profile, however many they are.

Asked of the profile, not of the core (``show registrations``): the core keeps one row for a user, and drops it when any
of the user's registrations ends. A page that was loaded anew would be nowhere once its former connection closes."""

import logging

from fsdialer.core.switch_config import OPERATORS_PROFILE
from fsdialer.errors import SwitchError
from fsdialer.esl import commands, phone_commands
from fsdialer.esl.link import SwitchLink
from fsdialer.esl.translate import contact_profile, registered_as, registered_at

log = logging.getLogger(__name__)


class Registrations:
    """What the switches say, and with which of their SIP profiles phones are registered."""

    def __init__(self) -> None:
        self._profiles: dict[str, list[str]] = {}  # by switch

    def now(self, link: SwitchLink) -> "Registered":
        """What a switch says from here on; nothing is asked until somebody wants to know."""
        return Registered(link, self._profiles.setdefault(link.address.name, [OPERATORS_PROFILE]))


class Registered:
    """The registrations of one switch as they are at one moment."""

    def __init__(self, link: SwitchLink, profiles: list[str]) -> None:
        self._link = link
        self._profiles = profiles
        self._known: dict[str, dict[str, frozenset[str]]] = {}
        self._said: dict[str, str] = {}  # by profile

    def everybody(self) -> dict[str, frozenset[str]]:
        """The extensions registered with the profiles known so far, with their Call-IDs. SwitchError when nobody
        answers."""
        return {extension: ids for profile in self._profiles for extension, ids in self._of(profile).items()}

    def addresses(self) -> dict[str, frozenset[str]]:
        """Where those extensions are registered. SwitchError when nobody answers."""
        self.everybody()
        return {extension: at for said in self._said.values() for extension, at in registered_at(said).items()}

    def ids(self, extension: str) -> frozenset[str]:
        """The Call-IDs a phone is registered under; none when it is not. SwitchError when nobody answers."""
        for profile in self._profiles:
            found = self._of(profile).get(extension)
            if found:
                return found
        profile = contact_profile(self._link.ask(commands.contact(extension, self._link.address.domain)))
        if not profile:
            return frozenset()
        if profile not in self._profiles:
            self._profiles.append(profile)
        self._known.pop(profile, None)  # it has registered since
        return self._of(profile).get(extension, frozenset())

    def _of(self, profile: str) -> dict[str, frozenset[str]]:
        if profile not in self._known:
            self._said[profile] = self._link.ask(phone_commands.registrations(profile))
            self._known[profile] = registered_as(self._said[profile])
        return self._known[profile]


def ids_or_none(registrations: Registrations, link: SwitchLink | None, extension: str) -> frozenset[str]:
    """The same for one phone, none when the switch is away."""
    if link is None or not link.up:
        return frozenset()
    try:
        return registrations.now(link).ids(extension)
    except SwitchError as error:
        log.warning("extension=%s registered=unknown reason=%s", extension, error)
        return frozenset()
