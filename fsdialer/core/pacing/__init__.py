"""How many calls to place now. A policy is pure: the engine owns time and the wire.

``make("multiplier", multiplier="1.2")`` builds one. `decide` is called on every change of state and at least once a
second; `observe` tells a policy that learns what happened (those here need not).
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, NotRequired, Protocol, TypedDict, runtime_checkable

from fsdialer.core.pacing.budget import WINDOWS, Budget
from fsdialer.core.pacing.decision import Decision
from fsdialer.core.pacing.multiplier import Multiplier
from fsdialer.core.pacing.predictive import Predictive
from fsdialer.core.pacing.progressive import Progressive
from fsdialer.errors import InvalidSetting


class Operators(TypedDict):
    """Operators on the line by what they do; `talking` includes those being connected."""

    ready: int
    talking: int
    wrapup: int
    total: int


class State(TypedDict):
    """What a decision is made on. Ages are seconds, one for each call or operator; `t` is epoch seconds.

    Where it is known, `leads` is how many are left to call now, `closes_in` the seconds until calling hours end, and
    `day_ends_in` until the day's last ones do.
    """

    t: float
    operators: Operators
    ringing: int
    ringing_ages: list[float]
    talk_ages: list[float]
    wrapup_ages: list[float]
    answered_waiting: int
    leads: NotRequired[int]
    closes_in: NotRequired[float]
    day_ends_in: NotRequired[float]


class Policy(Protocol):
    """Every way of pacing."""

    @property
    def why(self) -> str:
        """The last decision's reason, in words."""

    def observe(self, event: dict[str, Any]) -> None:
        """Something happened: ``{'t', 'type', 'cause', 'call', 'operator'}``, type being one of originate, answer,
        machine, fail, connect, abandon, talk_end, ready, login, logout."""

    def decide(self, state: State) -> int:
        """How many new calls to originate now; never negative."""


@runtime_checkable
class LearningPolicy(Policy, Protocol):
    """A policy that learns: what it knows can be kept and given to the next one."""

    #: The last decision; None before the first.
    last: Decision | None

    def state(self) -> dict[str, Any]:
        """Everything learned, as plain JSON."""

    def restore(self, state: dict[str, Any]) -> None:
        """Take up what was learned; ValueError when it makes no sense, and then nothing has changed."""

    def recount(self, hours: Mapping[int, tuple[int, int]], t: float) -> None:
        """The legal counters as they truly stand, (answered, abandoned) by the hour since 1970."""


def make(name: str, **settings: Any) -> Policy:
    """The policy of that name; InvalidSetting for an unknown name or setting."""
    if name == "progressive":
        _no_more(name, settings)
        return Progressive()
    if name == "multiplier":
        multiplier = _decimal(settings.pop("multiplier", "1"))
        _no_more(name, settings)
        return Multiplier(multiplier)
    if name == "predictive":
        return _predictive(settings)
    raise InvalidSetting("mode", f"no pacing policy {name!r}: one of multiplier, predictive, progressive")


def _predictive(settings: dict[str, Any]) -> Predictive:
    """Settings: `target_abandon` (share, 0.03), `soft_limit` and `hard_limit` of the legal window (shares, the target
    unless set), `window` (day, 24h, 30d, month), `zone_s` (local time less UTC), `max_multiplier` (a cap, none)."""
    target = _share("target_abandon", settings.pop("target_abandon", 0.03))
    hard = _share("hard_limit", settings.pop("hard_limit", target))
    soft = _share("soft_limit", settings.pop("soft_limit", min(target, hard)))
    window, zone_s = settings.pop("window", "day"), _zone(settings.pop("zone_s", 0.0))
    cap = settings.pop("max_multiplier", None)
    _no_more("predictive", settings)
    if window not in WINDOWS:
        raise InvalidSetting("window", f"{window!r} is none of {', '.join(WINDOWS)}")
    if soft > hard:
        raise InvalidSetting("soft_limit", f"{soft} is above the hard limit {hard}")
    budget = Budget(target, hard, soft, window, zone_s)
    return Predictive(budget, None if cap is None else float(_decimal(cap, "max_multiplier")))


def _zone(value: Any) -> float:
    zone_s = _float("zone_s", value)
    if not -86400 < zone_s < 86400:
        raise InvalidSetting("zone_s", f"{value} must be seconds of less than a day")
    return zone_s


def _share(name: str, value: Any) -> float:
    share = _float(name, value)
    if not 0 <= share <= 0.2:
        raise InvalidSetting(name, f"{value} must be between 0 and 0.2 (20 %)")
    return share


def _float(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise InvalidSetting(name, f"{value!r} is not a number") from None


def _decimal(value: object, name: str = "multiplier") -> Decimal:
    """Exact: a float is taken by its shortest text, so that 1.16 is 1.16."""
    try:
        multiplier = Decimal(str(value))
    except InvalidOperation:
        raise InvalidSetting(name, f"{value!r} is not a number") from None
    if not multiplier.is_finite() or not 1 <= multiplier <= 10:
        raise InvalidSetting(name, f"{value} must be between 1 and 10")
    return multiplier


def _no_more(name: str, settings: dict[str, Any]) -> None:
    if settings:
        raise InvalidSetting("mode", f"policy {name} has no setting {', '.join(sorted(settings))}")
