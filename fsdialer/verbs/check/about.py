"""What a switch is looked at against: the settings, the companies and what they need of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from fsdialer.settings import Settings
from fsdialer.store import CompanyStore
from fsdialer.store.switches import SwitchView
from fsdialer.verbs.check.between import Seen
from fsdialer.verbs.check.needs import Needs


@dataclass(frozen=True, slots=True)
class About:
    """`needs` are those of all companies; `views` what dialers and people said of each switch, by name; `redis_ahead_s`
    how wrong Redis' clock is; `call`: with a test call. `seen` is told which switches answered, and whose phones they
    know."""

    settings: Settings
    companies: list[CompanyStore]
    needs: Needs
    views: Mapping[str, SwitchView]
    redis_ahead_s: float
    call: bool
    seen: Seen
