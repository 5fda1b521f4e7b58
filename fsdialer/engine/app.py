"""The dialer process, put together: links to the switches, campaigns owned, and everything that runs beside them.

Nothing else builds these objects; everything receives what it needs from here.
"""

import contextlib
import logging
import signal
import time
from collections.abc import Callable
from functools import partial

import gevent
from redis import Redis
from redis.exceptions import RedisError

from fsdialer import jobs
from fsdialer.core.campaigns import Campaign
from fsdialer.core.events import LineOnHold, PhoneGone, Reported
from fsdialer.core.machines import MACHINE_OUTCOME
from fsdialer.core.pacing.observed import Observation, found_a_machine
from fsdialer.engine import feed_reader
from fsdialer.engine.about import about
from fsdialer.engine.awaited_pages import AwaitedPages
from fsdialer.engine.browser_phones import BrowserPhones
from fsdialer.engine.clock_watch import ClockWatch
from fsdialer.engine.dialer import Dialer
from fsdialer.engine.feed_reader import FeedReader
from fsdialer.engine.held_lines import HeldLines
from fsdialer.engine.homes import Homes
from fsdialer.engine.janitor import Janitor
from fsdialer.engine.line_care import LineCare
from fsdialer.engine.lines import Lines
from fsdialer.engine.machines import DETECTORS_S
from fsdialer.engine.operator_phones import OperatorPhones
from fsdialer.engine.own_gateways import own
from fsdialer.engine.phone_tests import PhoneTests
from fsdialer.engine.reconcile import Reconciler
from fsdialer.engine.recordings import LOOK_S, RecordingChores
from fsdialer.engine.registrations import Registrations
from fsdialer.engine.retries import Retries
from fsdialer.engine.silent_talks import SilentTalks
from fsdialer.engine.stations import Stations
from fsdialer.engine.switch_setup import SwitchSetup
from fsdialer.engine.switch_watch import SwitchWatch
from fsdialer.engine.switchboard import Switchboard
from fsdialer.engine.switches import Switches
from fsdialer.engine.tasks import Tasks, shout
from fsdialer.engine.trunks import Trunks
from fsdialer.engine.wishes import Wishes
from fsdialer.esl.link import SwitchLink, addresses
from fsdialer.settings import Settings
from fsdialer.store import CompanyStore, Store, connect
from fsdialer.store.ownership import announce, retire

log = logging.getLogger(__name__)

#: A campaign's lease, and how often it is renewed: another dialer takes over within the first figure (seconds).
OWNER_TTL_S, OWNER_RENEW_S = 6.0, 1.0
#: How often the janitor looks (seconds): hand-made changes of the presence set count within one.
CHORES_S = 0.5
#: How often channels on the switch and calls in Redis are held against each other (seconds).
SWEEP_S = 5.0
#: How long changes of operators and gateways are gathered before the switches are told (seconds).
SWITCH_SETUP_S = 1.0
#: How often the switches are asked about the gateways (seconds).
GATEWAYS_S = 10.0
#: How often the clock is held against Redis' (seconds).
CLOCK_S = 5.0


class Engine:
    """One dialer process."""

    def __init__(
        self,
        settings: Settings,
        redis: Redis,
        *,
        clock: Callable[[], float] = time.time,
        enqueue: Callable[[str, str, int], None] | None = None,
    ) -> None:
        self.settings = settings
        self.name = settings.dialer_name
        self._clock = clock
        self._redis = redis
        self._store = Store(redis)
        self._feeds = Store(connect(settings.redis_url, block_s=feed_reader.BLOCK_MS / 1000))
        self.tasks = Tasks()
        self.lines = Lines()
        self.clock_watch = ClockWatch(redis, self.name, clock)
        registrations = Registrations()
        self.homes = Homes(self.lines, registrations, clock)
        self.switches = Switches(self.lines, self._store, clock)
        self.homes.no_way = self._no_way
        self.stations = Stations(self.lines, self.homes, self.switches, clock)
        awaited = AwaitedPages(registrations, clock, settings.browser_grace_s)
        held = HeldLines(self.tasks, self.lines, self.homes, self.stations, awaited, clock)
        self.phones = OperatorPhones(held, self._owned, clock)
        self.retries = Retries(enqueue or jobs.enqueuer(settings))
        self.trunks = Trunks(self.lines, clock)
        self.switch_setup = SwitchSetup(self.lines, self._store)
        self.recording_chores = RecordingChores(self._store, jobs.recording_enqueuer(settings), clock)
        self.phone_tests = PhoneTests(self.tasks, self.lines, self.homes, clock, self.stations.learned_family)
        self.browser_phones = BrowserPhones(self.lines)
        self.switchboard = Switchboard(self.tasks, self.lines, self.stations, held, self.trunks, self.retries, clock)
        self.switchboard.on_change = self._wake
        self.switchboard.on_observed = self._observe
        self.switchboard.on_closed = self.switches.over
        self.wishes = Wishes(self.switchboard, clock)
        care, talks = LineCare(held, clock), SilentTalks(self._store, self.switchboard, clock)
        lines = (self.lines, self.switchboard, held, care, talks, registrations)
        self.reconciler = Reconciler(self._store, *lines, clock)
        parts = (self.switches, self.homes, self.switchboard, self.reconciler, self.switch_setup)
        self.watch = SwitchWatch(self.tasks, self.lines, *parts, self._switch_came_up)
        self.dialers: dict[tuple[str, str], Dialer] = {}
        self._janitors: dict[str, Janitor] = {}

    # -- life ----------------------------------------------------------------------------------------------
    def start(self) -> None:
        """Connect, and begin to own campaigns."""
        for address in addresses(self.settings.switches):
            link = SwitchLink(address, partial(self._on_event, address.name), self.watch.on_link)
            self.lines.add(link)
            link.start()
        self.tasks.keep("retries", self.retries.run)
        self.tasks.every("own", OWNER_RENEW_S, self._own)
        self.tasks.every("chores", CHORES_S, self._chores)
        self.tasks.every("sweep", SWEEP_S, self._sweep)
        self.tasks.every("switch_setup", SWITCH_SETUP_S, self.switch_setup.settle)
        self.tasks.every("recordings", LOOK_S, self.recording_chores.run)
        self.tasks.every("clock", CLOCK_S, lambda: self.clock_watch.look(self._companies()))
        self.tasks.every("gateways", GATEWAYS_S, self._look_at_gateways)
        self.tasks.every("detectors", DETECTORS_S, self.switchboard.machines.look_again)
        self.tasks.spawn("own", self._own)
        log.info("dialer=%s state=started switches=%d", self.name, len(self.settings.switches))

    def run(self) -> None:
        """Until `stop`."""
        self.tasks.stopping.wait()

    def stop(self) -> None:
        """Place nothing more and give the campaigns back; calls that are up go on, for the next owner to adopt."""
        log.info("dialer=%s state=stopping", self.name)
        for dialer in self.dialers.values():
            dialer.stop()
        self.tasks.stop()
        for (company, campaign), dialer in self.dialers.items():
            try:
                dialer.pacer.save_learned()
                self._store.company(company).ownership.give_back(campaign, dialer.owner)
            except RedisError as error:
                log.warning("campaign=%s lease=kept reason=%s", campaign, error)
        with contextlib.suppress(RedisError):
            retire(self._redis, self.name)
        for link in self.lines.all():
            link.stop()

    # -- campaigns -----------------------------------------------------------------------------------------
    def _own(self) -> None:
        """Renew what we own, take what nobody does, let go of what another dialer has."""
        seen = set()
        for company_id in self._store.companies():
            company = self._store.company(company_id)
            self._follow(company)
            for campaign in company.ownership.campaigns():
                seen.add((company_id, campaign))
                owner = company.ownership.take(campaign, self.name, OWNER_TTL_S)
                self._set_owner(company, campaign, owner)
        for key in set(self.dialers) - seen:
            self._let_go(*key)
        ahead_s = self.clock_watch.redis_ahead_s()
        announce(self._redis, self.name, about(self._clock(), ahead_s, self.dialers, self.lines))
        self.retries.forget_before(self._clock())

    def _set_owner(self, company: CompanyStore, campaign: str, owner: str) -> None:
        key = (company.id, campaign)
        dialer = self.dialers.get(key)
        if not owner:
            if dialer is not None:
                self._let_go(*key)
            return
        if dialer is not None and dialer.owner == owner:
            return
        if dialer is not None:  # our own lease ran out (Redis away) and is ours again under a new fence
            dialer.owner = owner
            for line in self.switchboard.of_campaign(*key):
                line.owner = owner
            return
        folder = self.settings.recordings
        dialer = Dialer(company, campaign, owner, self.switches, self.switchboard, self.trunks, self._clock, folder)
        self.dialers[key] = dialer  # known before it reads its settings: a change from here on is told to it
        try:
            self._take_over(company, dialer)
        except Exception:
            del self.dialers[key]  # half taken over is not taken over: the next renewal tries again
            raise
        log.info("campaign=%s owner=%s", campaign, owner)
        self.tasks.spawn("dialer", self._run_dialer, key)

    def _take_over(self, company: CompanyStore, dialer: Dialer) -> None:
        dialer.reload()
        self.reconciler.adopt(company, dialer.campaign, dialer.owner, older_than_s=0.0)
        self.wishes.missed(company)
        for view in company.operators.views():
            if view.campaign == dialer.campaign_id and view.state != "off":
                dialer.pacer.operator_moved(view.id, view.state)
        self._adopt_phones()

    def _adopt_phones(self) -> None:
        self.phones.adopt(self._companies())

    def _run_dialer(self, key: tuple[str, str]) -> None:
        """A dialer's loop, started again after a failure for as long as we own the campaign."""
        dialer = self.dialers.get(key)
        while dialer is not None and self.dialers.get(key) is dialer and not self.tasks.stopping.is_set():
            try:
                dialer.run()
                return
            except Exception as error:  # noqa: BLE001 - Redis away, most likely; the loop must not die for it
                shout(log, error, "campaign=%s task=dialer restarting=yes", key[1])
                self.tasks.stopping.wait(0.5)

    def _let_go(self, company: str, campaign: str) -> None:
        log.warning("campaign=%s owner=another_dialer", campaign)
        self.dialers.pop((company, campaign)).stop()
        self.switchboard.drop(company, campaign)

    def _companies(self) -> list[CompanyStore]:
        return [self._store.company(company) for company in {company for company, _ in self.dialers}]

    def _owned(self, company: str) -> dict[str, Campaign]:
        return {c: d.campaign for (owned, c), d in self.dialers.items() if owned == company}

    def _no_way(self, company: str, campaign: str, home: str) -> str:
        dialer = self.dialers.get((company, campaign))
        return self.switches.no_way(home, dialer.gateways) if dialer is not None else ""

    def _wake(self, company: str, campaign: str) -> None:
        if dialer := self.dialers.get((company, campaign)):
            dialer.wake()

    def _observe(self, company: str, campaign: str, seen: list[Observation]) -> None:
        dialer = self.dialers.get((company, campaign))
        if dialer is not None:
            dialer.pacer.observe(seen)

    # -- the feed: what people and other processes changed -----------------------------------------------------
    def _follow(self, company: CompanyStore) -> None:
        if company.id in self._janitors:
            return
        grace_s, ahead_s = self.settings.browser_grace_s, self.clock_watch.redis_ahead_s
        self._janitors[company.id] = Janitor(company, self._clock, grace_s, ahead_s)
        feed, now_id = self._feeds.company(company.id).feed, company.feed.last_id()
        reader = FeedReader(self.tasks, feed, now_id, partial(self._heed, company))
        self.tasks.keep(f"feed.{company.id}", reader.run)

    def _heed(self, company: CompanyStore, entry: dict[str, str]) -> None:
        kind, campaign = entry.get("type"), entry.get("campaign", "")
        if kind == "operator" and (company.id, campaign) in self.dialers:
            self.dialers[company.id, campaign].pacer.operator_moved(entry["operator"], entry.get("state", ""))
            self._heed_operator(company, entry["operator"], entry.get("state", ""), campaign)
        elif kind == "call" and entry.get("outcome") == MACHINE_OUTCOME:
            self._observe(company.id, campaign, [found_a_machine(entry["call"], self._clock())])
            self.wishes.heed(entry)
        elif kind == "leads":
            self._wake(company.id, campaign)
        elif kind == "settings":
            if entry.get("what") in ("operator", "gateway"):
                self.switch_setup.changed()
                self.phones.follow(company, company.operators.views())
            for (owned, _), dialer in list(self.dialers.items()):
                if owned == company.id:
                    dialer.reload()
        elif kind == "softphone" and entry["what"] == "cut_off":
            self.tasks.spawn("softphone", self.phones.cut_off, company, entry["operator"])
        elif kind == "softphone":
            self.tasks.spawn("softphone", self.browser_phones.changed, company, entry["operator"], entry["what"])
            if entry["what"] == "taken":
                self.tasks.spawn("softphone", self.phones.taken, company, entry["operator"])
        elif kind == "wish" and entry.get("what") == "test_phone":
            self._test_phone(company, entry.get("operator", ""))
        elif kind == "wish":
            self.wishes.heed(entry)

    def _heed_operator(self, company: CompanyStore, operator: str, state: str, campaign: str) -> None:
        self.phones.moved(company, operator, state)
        if state == "available":
            self._wake(company.id, campaign)
            self.tasks.spawn("family", self.stations.learn_family, company.id, company.operators.view(operator))

    def _test_phone(self, company: CompanyStore, operator: str) -> None:
        """Of several dialers the one that owns the operator's first campaign."""
        first = min(company.operators.view(operator).campaigns, default="")
        if (company.id, first) in self.dialers:
            self.tasks.spawn("phone_test", self.phone_tests.start, company, operator)

    # -- chores --------------------------------------------------------------------------------------------
    def _chores(self) -> None:
        self.switches.alert(self._companies())
        self.switches.crossings.alert(self._companies())
        for company_id, janitor in list(self._janitors.items()):
            campaigns = self._owned(company_id)
            janitor.end_wrap_ups()
            for campaign in campaigns:
                janitor.release_overdue(campaign)
            if campaigns:
                views = janitor.company.operators.views()
                janitor.heed_presence(campaigns, views)
                janitor.free_forgotten(campaigns, views)
                self.homes.settle(janitor.company, [view for view in views if view.campaign in campaigns])
                self.phones.ring_who_waits(janitor.company, campaigns, views)
                self.phones.follow(janitor.company, views)

    def _sweep(self) -> None:
        self._adopt_phones()
        for (company_id, _), dialer in list(self.dialers.items()):
            self.reconciler.adopt(self._store.company(company_id), dialer.campaign, dialer.owner)
        self.watch.sweep()

    def _look_at_gateways(self) -> None:
        for company in self._companies():
            self.trunks.look(company, own(company, company.setup.good_gateways(), self._clock()))

    # -- switches ------------------------------------------------------------------------------------------
    def _on_event(self, switch: str, event: Reported) -> None:
        if isinstance(event, PhoneGone):
            self.homes.gone(switch, event.extension)
        elif isinstance(event, LineOnHold):
            self.phones.put_on_hold(event.leg, event.on)
        else:
            self.phone_tests.on_event(event)
            self.switchboard.on_event(event)

    def _switch_came_up(self) -> None:
        self.tasks.spawn("adopt", self._adopt_phones)
        for dialer in self.dialers.values():
            dialer.wake()


def main(settings: Settings) -> None:
    """Run a dialer until SIGTERM or SIGINT. The caller has patched the standard library for gevent."""
    engine = Engine(settings, connect(settings.redis_url))
    for signum in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(signum, engine.tasks.stopping.set)
    engine.start()
    engine.run()
    engine.stop()
