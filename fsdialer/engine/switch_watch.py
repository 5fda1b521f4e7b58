"""What follows when a switch comes, goes or falls silent, in the order it has to: its calls, its phones, its people.

It decides nothing itself: calls are `engine.reconcile`'s, phones `engine.stations`', operators `engine.homes`'.
"""

import logging
from collections.abc import Callable

from fsdialer.engine.homes import Homes
from fsdialer.engine.lines import Lines
from fsdialer.engine.reconcile import Reconciler
from fsdialer.engine.switch_setup import SwitchSetup
from fsdialer.engine.switchboard import Switchboard
from fsdialer.engine.switches import Switches
from fsdialer.engine.tasks import Tasks
from fsdialer.esl.link import LinkState, SwitchLink

log = logging.getLogger(__name__)


class SwitchWatch:
    """Listens to the links. `came_up` is called after each that is up."""

    def __init__(
        self,
        tasks: Tasks,
        lines: Lines,
        switches: Switches,
        homes: Homes,
        switchboard: Switchboard,
        reconciler: Reconciler,
        switch_setup: SwitchSetup,
        came_up: Callable[[], None],
    ) -> None:
        self._tasks = tasks
        self._lines = lines
        self._switches = switches
        self._homes = homes
        self._switchboard = switchboard
        self._reconciler = reconciler
        self._switch_setup = switch_setup
        self._came_up = came_up
        self._up: dict[str, bool] = {}  # switch → as last logged

    def on_link(self, link: SwitchLink, state: LinkState) -> None:
        """A link has changed."""
        name = link.address.name
        was_up, self._up[name] = self._up.get(name), state.up
        if was_up != state.up or state.up:  # each failed try to come back is the link's to tell
            facts = (name, state.up, state.core, state.restarted, state.reason)
            log.info("switch=%s up=%s core=%s restarted=%s reason=%s", *facts)
        if not state.up:
            self._tasks.spawn("switch_down", self._went_down, link, state)
            return
        self._switch_setup.came_up(name)
        self._tasks.spawn("switch_up", self._switches.came_up, link)
        self._tasks.spawn("registrations", self._homes.look, link)
        self._tasks.spawn("detectors", self._switchboard.machines.look, link)
        if state.restarted:
            self._homes.restarted(name)
            self._tasks.spawn("restarted", self._reconciler.switch_restarted, name)
        else:
            self._tasks.spawn("resync", self._reconciler.resync, link)
        self._came_up()

    def _went_down(self, link: SwitchLink, state: LinkState) -> None:
        name = link.address.name
        self._homes.went_down(name)
        self._switches.went_down(link, state.reason, state.gone)
        self._reconciler.phones_lost(name, talking=state.gone)

    def sweep(self) -> None:
        """Hold what is known of each switch against the switch itself."""
        for link in self._lines.all():
            name = link.address.name
            self._reconciler.sweep(link)
            if link.up:
                self._homes.look(link)
                self._switches.ask_again(link)
                self._switches.keep(name, [call.uuid for call in self._switchboard.of_switch(name)])
            elif self._switches.is_gone(name):
                self._reconciler.switch_gone(name)
        self._reconciler.forgotten()
        self._tasks.spawn("ways", self._switches.crossings.look)
