"""The pacing of one campaign: the policy, what it is told, what it decides on, and what is kept of it in Redis.

It gathers facts for a policy of `core.pacing` and leaves each decision, with its reason, where people look. How many
is the policy's to decide, which leads the claim script's.
"""

import logging
from collections.abc import Callable, Iterable
from decimal import Decimal

from fsdialer.core.call_facts import Call, CallState
from fsdialer.core.campaigns import Campaign, Company, Mode, Window
from fsdialer.core.hours import offset_s
from fsdialer.core.pacing import LearningPolicy, Policy, State, make
from fsdialer.core.pacing.observed import Observation, of_operator, under_way
from fsdialer.core.times import iso
from fsdialer.errors import InvalidSetting
from fsdialer.store import CompanyStore

log = logging.getLogger(__name__)

#: Seconds between decisions that are kept, and between savings of what was learned.
KEEP_S, LEARN_S = 1.0, 5.0
#: The figures of a learning policy's decision that are shown, beside those every decision has.
SHOWN = ("freed", "answers", "chance", "allowed", "budget_used", "limit")


class Pacer:
    """One campaign's policy, in the dialer that owns the campaign."""

    def __init__(self, company: CompanyStore, campaign: str, clock: Callable[[], float]) -> None:
        self._company = company
        self._campaign = campaign
        self._clock = clock
        self._policy: Policy | None = None
        self._settings: tuple[object, ...] = ()
        self._mode = Mode.OFF
        self._on_line: set[str] = set()
        self._kept_at = self._learned_at = 0.0
        self._said = ""

    # -- the policy ----------------------------------------------------------------------------------------
    def use(self, campaign: Campaign, company: Company) -> None:
        """Pace by these settings from now on, days beginning at the company's midnight. A policy whose own settings
        are as before goes on; one that learns takes up what it, or another dialer, had learned. InvalidSetting for
        settings no policy takes."""
        now, window = self._clock(), company.abandon_window
        zone_s, limits = offset_s(company.time_zone, now), _limits(campaign, company)
        settings = (campaign.mode, campaign.multiplier, campaign.target_abandon, window, zone_s, limits)
        if settings == self._settings:
            return
        self.save_learned()
        self._policy, self._settings, self._mode = _policy(campaign, window, zone_s, limits), settings, campaign.mode
        if isinstance(self._policy, LearningPolicy):
            self._take_up(self._policy)
            # Before the true counters are set: they have these answers already.
            for call in self._company.calls.load(self._company.id, self._campaign):
                self.observe(under_way(call))
            self._policy.recount(self._company.pacing.hours(self._campaign, window, now), now)

    def _take_up(self, policy: LearningPolicy) -> None:
        learned = self._company.pacing.learned(self._campaign, self._mode)
        if learned is None:
            return
        try:
            policy.restore(learned)
            log.info("campaign=%s policy=%s learned=restored", self._campaign, self._mode)
        except ValueError as error:
            log.warning("campaign=%s policy=%s learned=useless reason=%s", self._campaign, self._mode, error)

    def save_learned(self) -> None:
        """Keep what the policy has learned, for the next dialer."""
        if isinstance(self._policy, LearningPolicy):
            self._learned_at = self._clock()
            self._company.pacing.save_learned(self._campaign, self._mode, self._policy.state(), self._learned_at)

    # -- what it is told -----------------------------------------------------------------------------------
    def observe(self, observations: Iterable[Observation]) -> None:
        """Something happened to a call or to an operator."""
        if self._policy is not None:
            for observation in observations:
                self._policy.observe(observation)

    def operator_moved(self, operator: str, state: str) -> None:
        """An operator's new state, as the feed has it."""
        self.observe(of_operator(operator, operator in self._on_line, state, self._clock()))
        if state == "off":
            self._on_line.discard(operator)
        else:
            self._on_line.add(operator)

    # -- what it decides -----------------------------------------------------------------------------------
    def state(self, calls: list[Call]) -> State:
        """What a policy decides on: the operators as Redis has them, and the campaign's live calls."""
        now = self._clock()
        ages = self._company.operators.working(self._campaign, now)
        ready = len(ages.get("available", []))
        talking = ages.get("on_call", []) + [0.0] * len(ages.get("reserved", []))
        wrapup = ages.get("wrap_up", [])
        unanswered = [c for c in calls if c.state in (CallState.DIALLING, CallState.RINGING)]
        return {
            "t": now,
            "operators": {
                "ready": ready,
                "talking": len(talking),
                "wrapup": len(wrapup),
                "total": ready + len(talking) + len(wrapup),
            },
            "ringing": len(unanswered),
            "ringing_ages": [max(0.0, now - c.placed_at) for c in unanswered],
            "talk_ages": talking,
            "wrapup_ages": wrapup,
            "answered_waiting": sum(c.state is CallState.WAITING for c in calls),
            "leads": self._company.leads.due_count(self._campaign),
        }

    def decide(self, state: State) -> tuple[int, str]:
        """How many calls to place now, and why."""
        policy, now = self._policy, state["t"]
        if policy is None:
            return 0, "the campaign is off"
        if now - self._learned_at >= LEARN_S:
            self.save_learned()
        wanted = policy.decide(state)
        return wanted, policy.why

    def say(self, state: State, wanted: int, placed: int, why: str, held_by: str = "") -> None:
        """Leave the decision and its reason for the wallboard; log it when it is a new one. `held_by`: what let fewer
        out than wanted, where it is known."""
        now, operators = state["t"], state["operators"]
        held_by = held_by or "leads or the trunk's limits allow no more"
        limited = f"; {placed} placed: {held_by}" if placed < wanted else ""
        decision = {
            "at": iso(now),
            "calls": str(placed),
            "reason": why + limited,
            "ready": str(operators["ready"]),
            "on_line": str(operators["total"]),
            "in_flight": str(state["ringing"] + state["answered_waiting"]),
        }
        policy = self._policy
        if isinstance(policy, LearningPolicy) and policy.last is not None and why == policy.why:
            figures = policy.last.record()
            decision |= {name: str(figures[name]) for name in SHOWN}
        keep = now - self._kept_at >= KEEP_S
        self._company.pacing.save(self._campaign, decision, keep)
        if keep:
            self._kept_at = now
        if placed or why != self._said:
            log.info("campaign=%s calls=%d wanted=%d reason=%r", self._campaign, placed, wanted, why + limited)
        self._said = why


def _limits(campaign: Campaign, company: Company) -> tuple[Decimal, Decimal]:
    """The window's soft and hard limit: the target stands for one that is not set."""
    hard = company.abandon_hard_limit or campaign.target_abandon
    return min(company.abandon_soft_limit or campaign.target_abandon, hard), hard


def _policy(campaign: Campaign, window: Window, zone_s: float, limits: tuple[Decimal, Decimal]) -> Policy | None:
    match campaign.mode:
        case Mode.OFF:
            return None
        case Mode.MULTIPLIER:
            return make("multiplier", multiplier=campaign.multiplier)
        case Mode.PROGRESSIVE:
            return make("progressive")
        case Mode.PREDICTIVE:
            cap = campaign.multiplier if campaign.multiplier > 1 else None
            return make(
                "predictive",
                target_abandon=campaign.target_abandon,
                soft_limit=limits[0],
                hard_limit=limits[1],
                window=window.value,
                zone_s=zone_s,
                max_multiplier=cap,
            )
    raise InvalidSetting("mode", f"no pacing for {campaign.mode}")
