"""Dials for one campaign: whether to dial at all, how many, which leads, out they go.

It owns the wire; how many is decided by a policy of `core.pacing` (`engine.pacer`), which leads by the claim script.
"""

import logging
import math
import uuid as uuids
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import gevent
from gevent.event import Event
from gevent.pool import Pool
from redis.exceptions import RedisError

from fsdialer.core import caller_ids
from fsdialer.core.call_facts import Call
from fsdialer.core.campaigns import Campaign, Company, Gateway, Mode
from fsdialer.core.destinations import barred
from fsdialer.core.dial_format import destination
from fsdialer.core.pacing import State
from fsdialer.core.pacing.observed import placed
from fsdialer.core.recordings import notice_sound, relative_path
from fsdialer.core.times import day, iso
from fsdialer.engine.own_gateways import own
from fsdialer.engine.pacer import Pacer
from fsdialer.engine.switchboard import Switchboard
from fsdialer.engine.switches import Switches
from fsdialer.engine.trunks import Trunks
from fsdialer.errors import FsdialerError, StaleOwner
from fsdialer.esl import commands
from fsdialer.esl.link import SwitchLink
from fsdialer.store import CompanyStore
from fsdialer.store.alerts import DIALER
from fsdialer.store.calls import Claim

log = logging.getLogger(__name__)

#: A decision at least this often (seconds), whatever happens; and this often while a limit holds calls back.
DECIDE_S, HELD_BACK_S = 1.0, 0.1
#: Why a campaign that is to be recorded stands still: better no call than one that should have been recorded.
NO_DIRECTORY = "calls are to be recorded, but FSDIALER_RECORDINGS names no directory"
#: Originates being sent at a time.
SENDERS = 50
#: Decisions are at least so far apart (seconds): a hundred changes in one moment are one change.
REST_S = 0.02
#: One decision places at most this part of a gateway's calls per second, so that they go out evenly.
EVENLY = 10
#: The alert of a company whose ceiling of calls an hour is reached; below this share of it the alert is cleared.
CEILING_ALERT, ENOUGH_BELOW = "calls-per-hour", 0.9
#: So long after its claim (seconds) a call is ours without asking: well within the campaign's lease.
SURELY_OURS_S = 3.0
#: A gateway that keeps calls waiting for so long (seconds) by its calls per second is full: others are asked.
HELD_LONG_S = 2.0


class Dialer:
    """The loop of one campaign in the dialer that owns it."""

    def __init__(
        self,
        company: CompanyStore,
        campaign: str,
        owner: str,
        switches: Switches,
        switchboard: Switchboard,
        trunks: Trunks,
        clock: Callable[[], float],
        recordings: str = "",
    ) -> None:
        self.company = company
        self.campaign_id = campaign
        self.owner = owner
        self._switches = switches
        self._switchboard = switchboard
        self._trunks = trunks
        self._clock = clock
        self._recordings = recordings  # the directory; empty: nothing can be recorded
        self._senders = Pool(SENDERS)
        self._wake = Event()
        self._stopped = False
        self._placed: int | None = None  # calls of the day so far, whoever made them: whose turn a caller id is
        self._fault = ""
        self._ceiling_said: bool | None = None  # None: the dialer before may have said it
        self._held_since = math.inf  # since when fewer calls go out than are wanted
        self._hours: tuple[tuple[str, ...], tuple[str, ...], str] | None = None
        self.pacer = Pacer(company, campaign, clock)
        self.company_settings = Company(company.id, active=False)
        self.campaign = Campaign(company.id, campaign, mode=Mode.OFF)
        self.gateways: list[Gateway] = []
        self._stale, self._loading = True, False

    def reload(self) -> None:
        """Read the settings again; a change that comes meanwhile is read too. With Redis away they stay stale, and the
        next decision begins with another try."""
        self._stale = True
        if self._loading:
            return
        self._loading = True
        try:
            while self._stale:
                self._stale = False
                self._load()
        except RedisError:
            self._stale = True
            raise
        finally:
            self._loading = False
        self.wake()

    def _load(self) -> None:
        """A wrong setting stops the campaign and says so, without stopping the dialer."""
        setup = self.company.setup
        try:
            self.company_settings = setup.company()
            campaign = setup.campaign(self.campaign_id)
            delays = campaign.retry_min.over(self.company_settings.retry_min)
            holidays = campaign.holidays + self.company_settings.holidays
            self.campaign = replace(campaign, retry_min=delays, holidays=holidays)
            self.gateways = own(self.company, map(setup.gateway, self.campaign.gateways), self._clock())
            company = self.company_settings
            self.pacer.use(self.campaign, company)
            if self._placed is None:
                self._placed = self.company.stats.day(campaign.id, day(self._clock())).get("attempts", 0)
            self._keep_hours((self.campaign.calling_hours, holidays, company.time_zone))
            self._fault = NO_DIRECTORY if campaign.record and not self._recordings else ""
        except FsdialerError as error:
            self._fault = str(error)
            log.error("campaign=%s settings=refused reason=%s", self.campaign_id, error)
        for line in self._switchboard.of_campaign(self.company.id, self.campaign_id):
            line.campaign = self.campaign

    def _keep_hours(self, hours: tuple[tuple[str, ...], tuple[str, ...], str]) -> None:
        if self._hours not in (None, hours):
            count = self.company.leads.look_at_hours_again(self.campaign_id, self._clock())
            log.info("campaign=%s calling_hours=changed leads=%d", self.campaign_id, count)
        self._hours = hours

    def wake(self) -> None:
        """Something changed: decide now."""
        self._wake.set()

    def stop(self) -> None:
        """Place no more calls."""
        self._stopped = True
        self._wake.set()

    def run(self) -> None:
        """Decide on every change of state, and once a second."""
        held_back = False
        while not self._stopped:
            if self._stale:
                self.reload()
            self._wake.wait(HELD_BACK_S if held_back else DECIDE_S)
            self._wake.clear()
            if not self._stopped:
                self._switchboard.serve_waiting(self.company.id, self.campaign_id)
                held_back = self.decide()
                gevent.sleep(REST_S)

    def decide(self) -> bool:
        """One decision; True when fewer calls went out than wanted although leads are due. Those of a silent switch,
        which may stand for minutes, hold up no others."""
        calls = (line.call for line in self._switchboard.of_campaign(self.company.id, self.campaign_id))
        state = self.pacer.state([call for call in calls if not self._switches.is_away(call.switch)])
        why = self._why_not() or self._outside_hours(state)
        wanted, why = (0, why) if why else self.pacer.decide(state)
        out = self._place(wanted) if wanted else 0
        self.pacer.say(state, wanted, out, why, self._ceiling(out < wanted, state["t"]))
        held_back = out < wanted and self.company.leads.due_count(self.campaign_id) > 0
        self._held_since = min(self._held_since, state["t"]) if held_back else math.inf
        return held_back

    def _why_not(self) -> str:
        if self._fault:
            return f"settings refused: {self._fault}"
        if self.campaign.mode is Mode.OFF:
            return "the campaign is off"
        if not self.company_settings.active:
            return "the company's master switch is off"
        if not self.gateways:
            return "the campaign has no gateway"
        return self._switches.why_not()

    def _ceiling(self, held_back: bool, now: float) -> str:
        """Whether it is the company's ceiling of calls an hour that holds calls back, in words; an alert says so until
        the calls of an hour are well below it."""
        ceiling = self.company_settings.max_attempts_per_hour
        if self._ceiling_said is False and not (held_back and ceiling):
            return ""
        placed = self.company.calls.in_the_last_hour(now)
        reached = 0 < ceiling <= placed and held_back
        words = f"the ceiling of {ceiling} calls an hour is reached (max_attempts_per_hour)" if reached else ""
        if reached and not self._ceiling_said:
            self.company.alerts.say(CEILING_ALERT, words, now)
            self._ceiling_said = True
        elif self._ceiling_said is not False and (not ceiling or placed < ENOUGH_BELOW * ceiling):
            self.company.alerts.clear(CEILING_ALERT, now, DIALER)
            self._ceiling_said = False
        return words

    def _outside_hours(self, state: State) -> str:
        """Why nobody may be called now, in words; while some may, `state` is told how long that lasts."""
        hours = self.company.hours.now(self.campaign, state["t"])
        if hours is None:
            return ""
        if hours.next_opening:
            return f"outside calling hours until {iso(hours.next_opening)}"
        state["closes_in"], state["day_ends_in"] = hours.closes_in, hours.day_ends_in
        return ""

    def _place(self, wanted: int) -> int:
        """Up to so many calls, each by the gateway whose turn it is. One that is full hands on to the others; one that
        has had its part of this decision, or of this second, does so only when calls have waited for it for long."""
        trunks, company = self._trunks, self.company.id
        count, asked_for, full = 0, Counter[str](), set[str]()
        while count < wanted and (asked := trunks.to_ask(company, self.gateways, full)):
            gateway = trunks.whose_turn(company, asked)
            room = -(-gateway.calls_per_second // EVENLY) - asked_for[gateway.name]
            step = min(wanted - count, room) if len(asked) == 1 else min(1, room)
            placed = self._place_by(gateway, step) if step else 0
            count += placed
            asked_for[gateway.name] += step
            if step:
                trunks.had_turn(company, asked, gateway)
            if placed < step or not step:
                if not self._hands_on(gateway, tried=step > 0):
                    break
                full.add(gateway.name)
        return count

    def _hands_on(self, gateway: Gateway, tried: bool) -> bool:
        """Do others get the calls this gateway has not taken? Only when it has no channel, is usable nowhere, or has
        just failed the lead that is next; and when they have waited for long. Otherwise its next second is soon."""
        if self._clock() - self._held_since >= HELD_LONG_S:
            return True
        if not tried or not self._plan(gateway, 1):
            return tried
        company = self.company
        return company.calls.no_channel(gateway) or company.leads.next_is_kept_from(self.campaign_id, gateway.name)

    def _place_by(self, gateway: Gateway, step: int) -> int:
        return sum(self._place_on(link, gateway, share) for link, share in self._plan(gateway, step))

    def _plan(self, gateway: Gateway, step: int) -> list[tuple[SwitchLink, int]]:
        down = self._trunks.down_on(self.company.id, gateway.name)
        return self._switches.plan(gateway, step, down, self._free_operators, self._in_flight_on)

    def _place_on(self, link: SwitchLink, gateway: Gateway, share: int) -> int:
        """Up to `share` calls: as many as the switch and the gateway have room and the campaign has leads for."""
        now = self._clock()
        ids = self._switches.take(link, [str(uuids.uuid4()) for _ in range(share)])
        try:
            claims = self.company.calls.claim(self.campaign, self.owner, gateway, link.address.name, ids, now)
        except FsdialerError:
            self._switches.give_back(link, ids)
            raise
        self._switches.give_back(link, set(ids) - {claim.uuid for claim in claims})
        detectors = self._switchboard.machines.detectors(self.company, self.campaign, link) if claims else ()
        for claim in claims:
            self._originate(claim, gateway, link, now, detectors)
        return len(claims)

    def _free_operators(self) -> dict[str, int]:
        return self.company.whereabouts.free_by_switch(self.campaign_id)

    def _in_flight_on(self, switch: str) -> int:
        lines = self._switchboard.of_campaign(self.company.id, self.campaign_id)
        return sum(line.call.in_flight and line.call.switch == switch for line in lines)

    def _originate(
        self, claim: Claim, gateway: Gateway, link: SwitchLink, now: float, detectors: tuple[str, ...]
    ) -> None:
        call = Call(
            uuid=claim.uuid,
            company=self.company.id,
            campaign=self.campaign_id,
            lead=claim.lead,
            number=claim.number,
            gateway=gateway.name,
            switch=link.address.name,
            attempt=claim.attempt,
            placed_at=now,
            preferred=claim.preferred,
            promised=claim.promised,
            amd=str(self.campaign.amd) if detectors else "",
        )
        self._switchboard.open(self.company, self.campaign, self.owner, call)
        self.pacer.observe([placed(call)])
        facts = (call.uuid, call.lead, call.campaign, call.attempt, gateway.name)
        log.info("call=%s lead=%s operator=- campaign=%s state=dialling attempt=%d gateway=%s", *facts)
        self._senders.spawn(self._send, call, gateway, detectors)

    def _send(self, call: Call, gateway: Gateway, detectors: tuple[str, ...]) -> None:
        campaign = self.campaign
        reason = barred(call.number, self.company_settings)
        if reason:
            self._switchboard.not_placed(call, reason, "BARRED")
            return
        try:
            recording = self._recording(call)
            command = commands.originate_customer(
                call=call.uuid,
                destination=destination(self.company_settings, gateway, call.number),
                ring_s=campaign.ring_s,
                caller_id=self._caller_id(call.number),
                wait_s=campaign.max_wait_s,
                message=campaign.message,
                opt_out_key=campaign.opt_out_key,
                max_talk_s=campaign.max_talk_s,
                recording=recording,
                notice=notice_sound(campaign),
                detectors=detectors,
                tags={"lead": call.lead, "campaign": call.campaign, "company": call.company},
            )
        except (FsdialerError, RedisError) as error:
            self._switchboard.not_placed(call, str(error))
            return
        self._trunks.wait_turn(self.company.id, gateway)
        if self._still_ours(call):
            self._switchboard.place(call, command)

    def _still_ours(self, call: Call) -> bool:
        """A dialer that was asleep since it claimed the call may have lost it: another has found that it was never
        made, and the lead is called anew."""
        if self._clock() - call.placed_at < SURELY_OURS_S:
            return True
        try:
            ours = self.company.calls.save(call, self.owner, self._clock())
        except (StaleOwner, RedisError) as error:  # without Redis the call is found missing, by us or by another
            log.warning("call=%s lead=%s originate=left_out reason=%s", call.uuid, call.lead, error)
            return False
        return ours

    def _recording(self, call: Call) -> str:
        """Where the switch is to write, once the call's record says so too; empty for calls not recorded."""
        if not self.campaign.record:
            return ""
        path = relative_path(call.company, call.uuid, call.placed_at)
        self.company.calls.will_be_recorded(call.uuid, path)
        return f"{self._recordings}/{path}"

    def _caller_id(self, number: str) -> str:
        turn = self._placed or 0
        self._placed = turn + 1
        ids, by, country = self.campaign.caller_ids, self.campaign.caller_id_by, self.company_settings.country
        return caller_ids.choose(ids, by, number, turn, country)
