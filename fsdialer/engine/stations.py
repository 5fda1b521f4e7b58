"""Operators' phones: how each is rung, and what it is joined by. The lines that stay up are `engine.held_lines`'s.

It refuses to know about customers: `engine.switchboard` joins the legs.
"""

import logging
import math
import uuid as uuids
from collections.abc import Callable
from dataclasses import replace

from fsdialer.core.campaigns import Campaign, PhoneFamily
from fsdialer.core.phones import family_of
from fsdialer.core.switches import to_line, to_operator
from fsdialer.engine.homes import Homes
from fsdialer.engine.lines import Lines
from fsdialer.engine.switches import Switches
from fsdialer.errors import SwitchError
from fsdialer.esl import commands, phone_commands
from fsdialer.esl.link import SwitchLink
from fsdialer.esl.translate import contact_profile, user_agent
from fsdialer.store.operators import OperatorView

log = logging.getLogger(__name__)

#: A phone's family is asked for anew when what is known of it is older (seconds).
FAMILY_S = 300.0
#: The switch ends a leg to another switch that has sent no sound for so long (seconds): that switch has died. Phones
#: that send nothing while nobody speaks are the reason why it is not less.
SILENT_S = 10
#: The same for a phone in a page, which sends sound always, muted too: the browser, or the way to it, has died.
PAGE_SILENT_S = 12


class Stations:
    """The phones this dialer rings."""

    def __init__(self, lines: Lines, homes: Homes, switches: Switches, clock: Callable[[], float]) -> None:
        self._lines = lines
        self._homes = homes
        self._switches = switches
        self._clock = clock
        self._families: dict[tuple[str, str], tuple[PhoneFamily, float]] = {}  # and when it was learned

    # -- for a call ----------------------------------------------------------------------------------------
    def reach(self, switch: str) -> list[str]:
        """The other switches whose operators can be connected with a call on `switch`."""
        return self._switches.reach(switch)

    def leg_for(self, view: OperatorView, switch: str) -> tuple[str, bool]:
        """The leg a call on `switch` is joined with, and whether it is up already: a held phone's own line, or a new
        leg that rings the phone or, from another switch, leads to its line."""
        if view.held and view.leg and (self._homes.line_on(view.leg) or switch) == switch:
            return view.leg, True
        return str(uuids.uuid4()), False

    def originate(
        self,
        view: OperatorView,
        leg: str,
        campaign: Campaign,
        call: str,
        link: SwitchLink,
        through: str = "",
        reference: str = "",
    ) -> str:
        """The command by which `link` makes the operator's leg of a call; `through`: where it is, for phones on the
        company's own PBX. SwitchUnreachable when their phone is on another switch that cannot be reached from there.

        The phone shows the campaign's name and a `reference` (the lead's id), never the customer's number. Behind a
        gateway, which may want a caller id of its own, the reference is part of the name; a held phone has none.
        """
        shown = reference if reference and not through else next(iter(campaign.caller_ids), "")
        if through and reference:
            campaign = replace(campaign, name=campaign.name_with(reference))
        ring_s = math.ceil(campaign.max_wait_s) + 1
        held = view.held and bool(view.leg)  # one whose line is yet to be made is rung as others are
        home = self._homes.line_on(view.leg) if held else self._homes.find(view)
        own = bool(view.dial) and not held  # a destination is the same from every switch
        if through or own or home in ("", link.address.name):
            return self._command(view, leg, campaign, call, through or self._phone(view, link), ring_s, shown)
        at = self._switches.trunk(home)
        family = self.family(campaign.company, view)
        destination = to_line(view.leg, at) if held else to_operator(view.extension, at, family)
        return self._command(view, leg, campaign, call, destination, ring_s, shown, elsewhere=True)

    def trouble(self, view: OperatorView, switch: str = "", listen: bool = False) -> str:
        """Why a phone that failed, a customer on `switch`, could not be reached, when its switch or the way there is at
        fault, which are asked; else empty. `listen`: it was reached, and not heard any more."""
        return self._homes.asked(view) or self._switches.crossings.trouble(switch, self._homes.of(view), listen)

    def ring_to_hold(self, view: OperatorView, leg: str, campaign: Campaign, link: SwitchLink, ring_s: int) -> str:
        """The command by which `link` rings a phone on channel `leg`, to be held up between calls."""
        shown = campaign.caller_ids[0] if campaign.caller_ids else ""
        return self._command(view, leg, campaign, "", self._phone(view, link), ring_s, shown)

    def _phone(self, view: OperatorView, link: SwitchLink) -> str:
        return view.dial or commands.user_destination(view.extension, link.address.domain)

    def _command(
        self,
        view: OperatorView,
        leg: str,
        campaign: Campaign,
        call: str,
        destination: str,
        ring_s: int,
        shown: str,
        elsewhere: bool = False,
    ) -> str:
        return commands.originate_operator(
            leg=leg,
            destination=destination,
            ring_s=ring_s,
            caller_name=campaign.name or campaign.id,
            caller_number=shown,
            held=not call,
            elsewhere=elsewhere,
            silent_s=SILENT_S if elsewhere else PAGE_SILENT_S if view.in_browser else 0,
            tags={"company": campaign.company, "operator": view.id, "call": call},
            family=self.family(campaign.company, view),
        )

    # -- how phones are asked to answer by themselves --------------------------------------------------------
    def family(self, company: str, view: OperatorView) -> PhoneFamily:
        """As set, but of a phone in a page, which has to be asked; auto: as learned, Call-Info before that."""
        if view.phone != PhoneFamily.AUTO and not view.in_browser:
            return PhoneFamily(view.phone)
        return self._families.get((company, view.id), (PhoneFamily.CALL_INFO, 0.0))[0]

    def learned_family(self, company: str, view: OperatorView) -> PhoneFamily:
        """The same, after asking."""
        self.learn_family(company, view)
        return self.family(company, view)

    def learn_family(self, company: str, view: OperatorView) -> None:
        """Ask the switches what the operator's phone is, unless that is known."""
        known = self._families.get((company, view.id))
        by_itself = view.phone == PhoneFamily.AUTO and not view.dial and not view.in_browser
        if not by_itself or (known is not None and self._clock() - known[1] < FAMILY_S):
            return
        for link in (each for each in self._lines.all() if each.up):
            try:
                profile = contact_profile(link.ask(commands.contact(view.extension, link.address.domain)))
                if profile:
                    said = link.ask(phone_commands.registration(profile, view.extension, link.address.domain))
                    self._families[company, view.id] = (family_of(user_agent(said)), self._clock())
                    return
            except SwitchError as error:
                log.warning("operator=%s family=unknown reason=%s", view.id, error)

    def forget_family(self, company: str, operator: str) -> None:
        """The operator left the line: their phone may be another one next time."""
        self._families.pop((company, operator), None)
