"""The switches, by name, and which are up. Which of them carries the next call is decided in `core.switches`."""

from collections.abc import Container

from fsdialer.errors import NotConnected
from fsdialer.esl.link import SwitchLink


class Lines:
    """All links of this dialer."""

    def __init__(self) -> None:
        self._links: dict[str, SwitchLink] = {}

    def add(self, link: SwitchLink) -> None:
        """One more switch."""
        self._links[link.address.name] = link

    def all(self) -> list[SwitchLink]:
        """Every link, up or not."""
        return list(self._links.values())

    def of(self, switch: str) -> SwitchLink:
        """The link to a switch; NotConnected when it is unknown or down, and then nothing was sent."""
        link = self._links.get(switch)
        if link is None or not link.up:
            raise NotConnected(f"switch {switch or '?'} is not connected")
        return link

    def is_up(self, switch: str) -> bool:
        """Is it known, and its link up?"""
        link = self._links.get(switch)
        return link is not None and link.up

    def get(self, switch: str) -> SwitchLink | None:
        """The link to a switch, up or not; None when it is unknown."""
        return self._links.get(switch)

    def up(self) -> list[SwitchLink]:
        """The links that are up."""
        return [link for link in self._links.values() if link.up]

    def any(self, unless: Container[str] = ()) -> SwitchLink | None:
        """The first link that is up, rather none of `unless`."""
        up = self.up()
        return next((link for link in up if link.address.name not in unless), up[0] if up else None)
