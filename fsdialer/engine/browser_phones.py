"""Tells the switches when the phone in an operator's page has another password, or none any more.

A switch keeps what our web said of an operator for two minutes: that long a new page would be refused, and one that
was signed out could come back. What a page may do is decided in `store.softphones`.
"""

import logging

from fsdialer.engine.lines import Lines
from fsdialer.errors import SwitchError
from fsdialer.esl import setup_commands
from fsdialer.store import CompanyStore

log = logging.getLogger(__name__)


class BrowserPhones:
    """The switches, as far as phones in pages are concerned."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def changed(self, company: CompanyStore, operator: str, what: str) -> None:
        """The feed's entry ``softphone``: `what` is ``taken`` (by a page, under a new password) or ``given_up``."""
        extension = company.operators.view(operator).extension
        for link in self._lines.all():
            if not link.up:
                continue
            domain = link.address.domain
            try:
                link.ask(setup_commands.forget_operator(extension, domain))
                if what == "given_up":
                    link.ask(setup_commands.forget_registrations(extension, domain))
            except SwitchError as error:
                log.warning(
                    "operator=%s switch=%s softphone=%s told=no reason=%s", operator, link.address.name, what, error
                )
