"""The switches, by name: which are up, and which should carry the next call."""

from collections.abc import Callable

from fsdialer.errors import SwitchUnreachable
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
        """The link to a switch; SwitchUnreachable when it is unknown or down, and then nothing was sent."""
        link = self._links.get(switch)
        if link is None or not link.up:
            raise SwitchUnreachable(f"switch {switch or '?'} is not connected")
        return link

    def least_loaded(self, load: Callable[[str], int]) -> SwitchLink | None:
        """Of the links that are up, the one with the fewest of our calls."""
        up = [link for link in self._links.values() if link.up]
        return min(up, key=lambda link: load(link.address.name)) if up else None
