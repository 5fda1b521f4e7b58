"""When operators' held phones are rung, followed and let go of: as people get on the line and leave it, as settings and
pages change, and again and again for what nobody told. How it is done is `engine.held_lines`'s."""

from collections.abc import Callable, Iterable

from fsdialer.core.campaigns import Campaign
from fsdialer.core.operators import OperatorState
from fsdialer.engine.held_lines import RING_AGAIN_S, HeldLines
from fsdialer.errors import NotFound
from fsdialer.store import CompanyStore
from fsdialer.store.operators import OperatorView


class OperatorPhones:
    """The held phones of the operators whose campaigns this dialer owns: `owned(company)`."""

    def __init__(
        self, held: HeldLines, owned: Callable[[str], dict[str, Campaign]], clock: Callable[[], float]
    ) -> None:
        self._held = held
        self._owned = owned
        self._clock = clock

    def moved(self, company: CompanyStore, operator: str, state: str) -> None:
        """An operator is in another state; the news of it may be late, and they in a third by now."""
        try:
            view = company.operators.view(operator)
        except NotFound:  # removed
            self._held.let_go(company, operator)
            return
        if state == OperatorState.OFF:
            self._held.let_go(company, operator, view if view.state != OperatorState.OFF else None)
        self.follow(company, [view])
        campaign = self._owned(company.id).get(view.campaign)
        if view.state == OperatorState.CONNECTING and campaign is not None:
            self._held.nail(company, view, campaign)

    def taken(self, company: CompanyStore, operator: str) -> None:
        """Another page has the operator's phone."""
        if company.operators.view(operator).campaign in self._owned(company.id):
            self._held.taken(company, operator)

    def cut_off(self, company: CompanyStore, operator: str) -> None:
        """The page that has the operator's phone was closed or loaded again."""
        if company.operators.view(operator).campaign in self._owned(company.id):
            self._held.cut_off(company, operator)

    def put_on_hold(self, leg: str, on: bool) -> None:
        """A phone put its line on hold, or took it off."""
        self._held.put_on_hold(leg, on)

    def follow(self, company: CompanyStore, views: Iterable[OperatorView]) -> None:
        """The settings of phones may have changed."""
        owned = self._owned(company.id)
        self._held.follow(company, [view for view in views if view.campaign in owned])

    def ring_who_waits(
        self, company: CompanyStore, campaigns: dict[str, Campaign], views: Iterable[OperatorView]
    ) -> None:
        """Nailed-up phones nobody rang: the switch was away, the page is on its way, or the dialer that should have
        died."""
        for view in views:
            overdue = view.state == OperatorState.CONNECTING and self._clock() - view.since > RING_AGAIN_S
            if overdue and view.campaign in campaigns:
                self._held.nail(company, view, campaigns[view.campaign])

    def adopt(self, companies: Iterable[CompanyStore]) -> None:
        """Held phones this process does not hold yet: those of a campaign taken over, as its switches come up."""
        for company in companies:
            owned = self._owned(company.id)
            for view in company.operators.views():
                if view.campaign in owned and view.state != OperatorState.OFF:
                    self._held.adopt(company, view)
