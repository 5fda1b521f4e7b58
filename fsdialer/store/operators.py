"""Operators in Redis: presence, promises, wrap-up, outcomes, and the card on their screen."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from redis import Redis

from fsdialer.core.call_facts import Refer
from fsdialer.core.campaigns import BROWSER_STATIONS, DEFAULT_DELAYS, HELD_STATIONS
from fsdialer.core.leads import OUTCOMES
from fsdialer.core.machines import MACHINE_OUTCOME
from fsdialer.core.operators import LABELS
from fsdialer.core.phones import JUST_OVER_S
from fsdialer.core.times import epoch, epoch_or_none, iso
from fsdialer.errors import NotFound, Refused
from fsdialer.store.clock import redis_time
from fsdialer.store.keys import Keys
from fsdialer.store.leads import card_fields
from fsdialer.store.scripts import Scripts
from fsdialer.store.stats import since_midnight

#: Minutes until a promised call when the operator gives no time.
CALLBACK_MIN = 60.0


@dataclass(frozen=True, slots=True)
class OperatorView:
    """An operator as set up and as they stand now. Instants are epoch seconds; `reason` is for the page.
    `phone_is_new`: the phone tested last was another one, and of that test nothing is told."""

    id: str
    name: str
    extension: str
    dial: str
    station: str
    campaigns: tuple[str, ...]
    state: str
    since: float
    campaign: str
    call: str
    last_call: str
    lead: str
    reason: str
    wish: str
    via: str
    seen: float | None
    left: float | None
    leg: str
    wrap_until: float | None
    phone: str = "auto"
    phone_test: str = ""
    phone_test_ok: bool = False
    phone_tested_at: float | None = None
    phone_test_asked_at: float | None = None
    switch: str = ""
    home: str = ""
    unreachable: str = ""
    phone_is_new: bool = False

    @property
    def which_phone(self) -> str:
        """What makes their phone another one."""
        return f"{self.station} {self.dial or self.extension}"

    @property
    def held(self) -> bool:
        """Does their phone stay up between calls?"""
        return self.station in HELD_STATIONS

    @property
    def in_browser(self) -> bool:
        """Is their phone the one in their page?"""
        return self.station in BROWSER_STATIONS and not self.dial


@dataclass(frozen=True, slots=True)
class Card:
    """The lead before an operator. `number` is the real one: whoever shows it masks it if the company says so.
    `away`: they talk on the company's own PBX, and only the operator knows when that is over."""

    lead: str
    call: str
    name: str
    number: str
    fields: Mapping[str, str]
    attempts: int
    disposition: str
    outcome: str
    note: str
    call_state: str
    preferred: str
    machine: bool = False
    recorded: bool = False
    away: bool = False


class Operators:
    """The operators of one company."""

    def __init__(self, redis: Redis, keys: Keys, scripts: Scripts) -> None:
        self._redis = redis
        self._keys = keys
        self._scripts = scripts

    # -- seeing --------------------------------------------------------------------------------------------
    def view(self, operator: str) -> OperatorView:
        """NotFound when there is no such operator."""
        record = self._redis.hgetall(self._keys.operator(operator))
        if "extension" not in record:
            raise NotFound(f"no operator {operator!r}")
        return _view(operator, record)

    def views(self) -> list[OperatorView]:
        """All operators, by id."""
        ids = sorted(self._redis.smembers(self._keys.operators))
        with self._redis.pipeline(transaction=False) as pipe:
            for operator in ids:
                pipe.hgetall(self._keys.operator(operator))
            records = pipe.execute()
        return [_view(i, record) for i, record in zip(ids, records, strict=True) if record]

    def working(self, campaign: str, now: float) -> dict[str, list[float]]:
        """State → seconds in it, one for each of the campaign's operators on the line who will take calls: those
        who wish to leave or to pause after the present call are not counted."""
        ages: dict[str, list[float]] = {}
        on_line = self._redis.smembers(self._keys.online(campaign))
        with self._redis.pipeline(transaction=False) as pipe:
            for operator in on_line:
                pipe.hmget(self._keys.operator(operator), "state", "since", "wish")
            for state, since, wish in pipe.execute() if on_line else []:
                if state and not wish:
                    ages.setdefault(state, []).append(max(0.0, now - (epoch_or_none(since) or now)))
        return ages

    def on_line(self, campaign: str) -> set[str]:
        """The presence set."""
        return set(self._redis.smembers(self._keys.online(campaign)))

    def today(self, operator: str, now: float) -> dict[str, float]:
        """Figures of the company's day so far: calls, seconds by state (on_call_s …), outcomes (outcome.sale …)."""
        return since_midnight(self._redis, self._keys, lambda on: self._keys.operator_stats(operator, on), now)

    def card(self, operator: str) -> Card | None:
        """The lead of the present call, or of the last one while its outcome is still to be given."""
        view = self.view(operator)
        call = view.call or view.last_call
        record = self._redis.hgetall(self._keys.call(call)) if call else {}
        if not record or record.get("operator") != operator:
            return None
        if not view.call and (record.get("outcome") or not record.get("bridged")):
            return None
        lead = self._redis.hgetall(self._keys.lead(record["lead"]))
        return Card(
            lead=record["lead"],
            call=call,
            name=lead.get("name", ""),
            number=record["number"],
            fields=card_fields(lead, self._redis.lrange(self._keys.columns(record.get("campaign", "")), 0, -1)),
            attempts=int(record["attempt"]),
            disposition=lead.get("disposition", ""),
            outcome=record.get("outcome", ""),
            note=record.get("note", "") or lead.get("note", ""),
            call_state=record.get("state", ""),
            preferred=record.get("preferred", ""),
            machine=bool(record.get("machine")) and not record.get("spared"),
            recorded=bool(record.get("recording")),
            away=record.get("refer") == Refer.DONE,
        )

    # -- what an operator asks for -------------------------------------------------------------------------
    def go_on_line(self, operator: str, campaign: str, now: float, via: str = "web", seen: float | None = None) -> None:
        """Get on the line of `campaign`. `via` "web": leaves it when the browser is gone; "cli": stays. `seen`: the
        browser's last sign (by Redis' clock), now unless given."""
        self.check_campaign(operator, campaign)
        self._presence(operator, "on", now, campaign, via, iso(now if seen is None else seen))

    def check_campaign(self, operator: str, campaign: str) -> None:
        """Refused when the operator is not of the campaign."""
        view = self.view(operator)
        if campaign not in view.campaigns:
            if not view.campaigns:
                raise Refused(f"operator {operator} is of no campaign yet: an administrator has to add them to one")
            raise Refused(f"operator {operator} is not of campaign {campaign!r}: only {', '.join(view.campaigns)}")

    def leave_line(self, operator: str, now: float, reason: str = "") -> None:
        """Off the line now, or after the present call."""
        self.view(operator)
        self._presence(operator, "off", now, detail=reason)

    def pause(self, operator: str, reason: str, now: float) -> None:
        """No calls until `ready`; takes effect after the present call."""
        self.view(operator)
        self._presence(operator, "pause", now, detail=reason)

    def ready(self, operator: str, now: float) -> None:
        """End a pause or a wrap-up; during a call, take back a wish to leave or pause."""
        self.view(operator)
        self._presence(operator, "ready", now)

    def seen(self, operator: str, at: float | None = None) -> None:
        """The operator's browser is alive; by Redis' clock unless given."""
        self._redis.hset(self._keys.operator(operator), "seen", iso(redis_time(self._redis) if at is None else at))

    def left(self, operator: str, at: float | None = None) -> None:
        """The operator's page was left: it is closed, unless it is `seen` again."""
        self._redis.hset(self._keys.operator(operator), "left", iso(redis_time(self._redis) if at is None else at))

    def save_outcome(
        self, operator: str, call: str, outcome: str, note: str, callback_at: float | None, now: float
    ) -> None:
        """What the operator chose; `callback_at` only with "callback". Refused unless the call was theirs."""
        if outcome not in OUTCOMES:
            raise Refused(f"no outcome {outcome!r}: one of {', '.join(OUTCOMES)}")
        if callback_at is not None and callback_at <= now:
            raise Refused("the call-back time has passed: choose one in the future")
        next_at = ""
        if outcome == "callback":
            next_at = f"{callback_at or now + CALLBACK_MIN * 60:.3f}"
        elif outcome == MACHINE_OUTCOME:
            next_at = f"{now + self._machine_delay_min(call) * 60:.3f}"
        retry = int(outcome != "callback")
        self._scripts.run("outcome", operator, call, outcome, note, now, next_at, retry)

    def save_note(self, operator: str, call: str, note: str) -> None:
        """A note alone: the outcome stays open. Refused unless the call was theirs."""
        self._scripts.run("note", operator, call, note)

    def _machine_delay_min(self, call: str) -> float:
        """Minutes until a machine is called again, by the campaign's settings, else the company's."""
        campaign = self._redis.hget(self._keys.call(call), "campaign") or ""
        for key in (self._keys.settings(campaign), self._keys.company):
            minutes = self._redis.hget(key, "retry_machine_min")
            if minutes:
                return float(minutes)
        return float(DEFAULT_DELAYS.machine or 0)

    # -- what the dialer does ------------------------------------------------------------------------------
    def gone(self, operator: str, now: float, reason: str) -> None:
        """Off the line (after the present call), because of `reason`."""
        self._presence(operator, "gone", now, detail=reason)

    def added_by_hand(self, operator: str, campaign: str, now: float) -> bool:
        """On the line, as an administrator wrote into the presence set; False when that was they themselves."""
        self.check_campaign(operator, campaign)
        return self._presence(operator, "added", now, campaign, "cli", iso(now)) == "ok"

    def removed_by_hand(self, operator: str, campaign: str, now: float) -> bool:
        """The same of one who was taken out of it."""
        reason = "Taken off the line by an administrator."
        return self._presence(operator, "removed", now, campaign, detail=reason) == "ok"

    def phone_up(self, operator: str, leg: str, now: float) -> None:
        """The nailed-up phone answered on channel `leg`."""
        self._presence(operator, "phone_up", now, detail=leg)

    def phone_lost(self, operator: str, now: float) -> None:
        """The nailed-up phone's line ended through no fault: it is rung again before the next customer."""
        self._presence(operator, "phone_lost", now)

    def phone_down(self, operator: str, reason: str, now: float) -> None:
        """The nailed-up phone failed or was hung up: off the line, with the reason on the page."""
        self._presence(operator, "phone_down", now, detail=reason)

    def just_talked(self, view: OperatorView, now: float) -> bool:
        """Was their last talk over but a moment ago (`core.phones.JUST_OVER_S`)?"""
        ended_at, _ = self.last_talk(view)
        return ended_at is not None and now - ended_at < JUST_OVER_S

    def last_talk(self, view: OperatorView) -> tuple[float | None, float]:
        """When their last call ended, if they talked in it, and how long they did."""
        talk = self._redis.hgetall(self._keys.call(view.last_call)) if view.last_call else {}
        ended_at = epoch(talk["ended"]) if talk.get("ended") and talk.get("bridged") else None
        return ended_at, float(talk.get("talk_s") or 0)

    def remove_from_line(self, operator: str, campaign: str) -> None:
        """Take a name out of the presence set that has no business there."""
        self._redis.srem(self._keys.online(campaign), operator)

    def reserve(
        self,
        call: str,
        owner: str,
        preferred: str,
        passed_over: Sequence[str],
        now: float,
        reach: Sequence[str] = ("*",),
    ) -> OperatorView | None:
        """Promise an available operator to an answered call; None when nobody suitable is free. `reach`: the other
        switches whose operators can be connected with the call's; ``*`` for all."""
        chosen = self._scripts.run("reserve", call, owner, now, preferred, " ".join(reach), *passed_over)
        return self.view(chosen) if chosen else None

    def release(self, operator: str, call: str, now: float, failure: str = "") -> bool:
        """Take a promise back; with `failure` the phone was at fault, and the operator leaves the line."""
        return bool(self._scripts.run("release", operator, call, now, failure))

    def free_forgotten(self, views: Iterable[OperatorView], now: float) -> list[str]:
        """Make those of them available whom no open call names any more; who."""
        said = [part for view in views for part in (view.id, view.call)]
        return list(self._scripts.run("free_forgotten", now, *said)) if said else []

    def end_wrap_up(self, campaigns: Iterable[str], now: float) -> int:
        """Make available whose wrap-up time is over, of these campaigns; how many."""
        return int(self._scripts.run("end_wrap_up", now, *campaigns))

    def _presence(
        self, operator: str, action: str, now: float, campaign: str = "", via: str = "", detail: str = ""
    ) -> str:
        return str(self._scripts.run("presence", operator, action, now, campaign, via, detail))


def _view(operator: str, record: Mapping[str, str]) -> OperatorView:
    def instant(name: str) -> float | None:
        return epoch_or_none(record.get(name))

    state = record.get("state", "")
    view = OperatorView(
        id=operator,
        name=record.get("name", ""),
        extension=record.get("extension", ""),
        dial=record.get("dial", ""),
        station=record.get("station", "ring"),
        campaigns=tuple(record.get("campaigns", "").replace(",", " ").split()),
        state=state if state in LABELS else "off",
        since=instant("since") or 0.0,
        campaign=record.get("campaign", ""),
        call=record.get("call", ""),
        last_call=record.get("last_call", ""),
        lead=record.get("lead", ""),
        reason=record.get("reason", ""),
        wish=record.get("wish", ""),
        via=record.get("via", ""),
        seen=instant("seen"),
        left=instant("left"),
        leg=record.get("leg", ""),
        wrap_until=instant("wrap_until"),
        phone=record.get("phone", "") or "auto",
        phone_test=record.get("phone_test", ""),
        phone_test_ok=record.get("phone_test_ok") == "1",
        phone_tested_at=instant("phone_tested"),
        phone_test_asked_at=instant("phone_test_asked"),
        switch=record.get("switch", ""),
        home=record.get("home", ""),
        unreachable=record.get("unreachable", ""),
    )
    if record.get("phone_test_of", view.which_phone) == view.which_phone:
        return view
    return replace(
        view, phone_is_new=True, phone_test="", phone_test_ok=False, phone_tested_at=None, phone_test_asked_at=None
    )
