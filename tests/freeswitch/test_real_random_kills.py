"""Two real switches, several operators, calls up, and one of the switches dies or freezes at a moment of chance.

The carrier keeps books of every call, so that nothing is believed that only our own records say. FSDIALER_SEED is the
chance, FSDIALER_ROUNDS how often in a row. Skipped, saying so, where there is no `freeswitch` or no `baresip` on PATH.
"""

import os
import random
import signal
import time
from decimal import Decimal

import pytest

from fsdialer.core.campaigns import Campaign, Company, Gateway, Mode, Operator, RetryDelays, Station
from fsdialer.core.leads import NewLead
from fsdialer.settings import Settings
from fsdialer.store import CompanyStore, Store, connect
from fsdialer.verbs.freeswitch import write_all
from tests.freeswitch.books import Books
from tests.freeswitch.phones import BARESIP, Phone
from tests.freeswitch.sip import Caller
from tests.freeswitch.test_real import FREESWITCH, RealSwitch, ports, until
from tests.journey import Process

pytestmark = [
    pytest.mark.freeswitch,
    pytest.mark.skipif(FREESWITCH is None, reason="no freeswitch on PATH: no switch was killed by chance"),
    pytest.mark.skipif(BARESIP is None, reason="no baresip on PATH: no switch was killed by chance"),
]
SECRET = "a-secret-for-random-kills-0123456789ab"
OPERATORS = [str(1001 + n) for n in range(4)]
SEED, ROUNDS = int(os.environ.get("FSDIALER_SEED", "1")), int(os.environ.get("FSDIALER_ROUNDS", "1"))


class Floor:
    """Operators 1001 and 1003 on fs1, 1002 and 1004 on fs2; a carrier that keeps books; a list of leads."""

    def __init__(self, redis_url, root, seed, station):
        self.root, self.redis_url, self.dice = root, redis_url, random.Random(seed)
        self.redis = connect(redis_url)
        self.redis.flushall()
        self.books = Books(seed)
        self._over = [self.redis.close, self.books.stop]
        self.acme = self._company(station)
        self.switches = {}
        try:
            rtp = 24_000 + os.getpid() % 90 * 100
            self.phone = Phone(root / "phone", 440, rtp, OPERATORS, calls=20, gives_up_s=3)
            self._over.append(self.phone.stop)
            for place, name in enumerate(("fs1", "fs2")):
                self._write(name, place)
                self.start(name)
            urls = ",".join(self._url(name) for name in self.switches)
            env = {"FSDIALER_REDIS_URL": redis_url, "FSDIALER_SECRET_KEY": SECRET, "FSDIALER_SWITCHES": urls}
            self.dialer = Process(root / "dial.log", "fsdialer", "dial", env=env)
            self._over.append(self.dialer.stop)
            until(lambda: sum(bool(each.trunk) for each in self.views()) == 2)
            for operator in OPERATORS:
                self.acme.operators.go_on_line(operator, "spring", time.time(), via="cli")
            until(self.all_free, 40)
        except BaseException:
            self.stop()
            raise

    def _company(self, station):
        acme = CompanyStore(self.redis, "acme")
        acme.setup.save_company(Company("acme", retry_min=RetryDelays(0.05, 0.05, 0.05, 0.05, 0.05)))
        proxy = f"127.0.0.1:{self.books.port}"
        acme.setup.save_gateway(Gateway("acme", "trunk", proxy=proxy, channels=8, calls_per_second=8, ping_s=5))
        for operator in OPERATORS:
            set_up = Operator("acme", operator, operator, operator, station=station, campaigns=("spring",))
            acme.setup.save_operator(set_up)
        paced = {
            "mode": Mode.MULTIPLIER,
            "multiplier": Decimal("1.5"),
            "ring_s": 3,
            "max_attempts": 2,
            "wrap_up_s": 0.5,
        }
        acme.setup.save_campaign(
            Campaign("acme", "spring", "Spring", gateways=("trunk",), caller_ids=("+12125550100",), **paced)
        )
        return acme

    def _write(self, name, place):
        first = 30_000 + os.getpid() % 400 * 80 + 40 * place
        values = ports() | {"rtp_first_port": str(first), "rtp_last_port": str(first + 39)}
        settings = Settings(self.redis_url, self.redis_url, secret_key=SECRET)
        list(write_all(settings, Store(self.redis), self.root / name, None, values, static=True))
        self.switches[name] = (values, None, None)

    def _url(self, name):
        line = (self.root / name / "fsdialer.env").read_text().splitlines()[0]
        return f"{line.partition('=')[2]}&name={name}"

    def start(self, name):
        """The switch, and its phones registered."""
        values, home = self.switches[name][0], self.root / f"run-{name}-{time.monotonic_ns()}"
        home.mkdir()
        real = RealSwitch(self.root / name, home, values, lambda: self._url(name).split("esl://:")[1].split("@")[0])
        self._over.append(real.stop)
        esl = until(real.ready, 60)
        self.switches[name] = (values, real, esl)
        until(lambda: esl.api("sofia status").count("RUNNING") == 3)
        for operator in self.at(name):
            contact = f"sip:{operator}@127.0.0.1:{self.phone.port}"
            caller = Caller(int(values["operators_port"]), operator, contact=contact)
            assert caller.register(self.acme.accounts.phone(operator, SECRET).password, expires=600) == 200
            caller.close()

    def at(self, switch):
        return OPERATORS[0::2] if switch == "fs1" else OPERATORS[1::2]

    def views(self):
        return Store(self.redis).switches.views()

    def state(self, operator):
        return self.acme.operators.view(operator).state

    def all_free(self):
        return all(self.state(operator) == "available" for operator in OPERATORS)

    def kill(self, switch):
        self.switches[switch][1].kill()
        self.books.lost(int(self.switches[switch][0]["carrier_port"]), time.monotonic())

    def signal(self, switch, what):
        os.kill(self.switches[switch][1].pid, what)

    def channels(self, switch):
        return int(self.switches[switch][2].api("show channels count").split()[0])

    def stop(self):
        for name, (_, real, _) in self.switches.items():
            if real is not None and real.running:
                self.signal(name, signal.SIGCONT)
        for end in reversed(self._over):
            end()


def told(floor, switch, dead):
    """The operators there read that it does not answer, and so do administrators. When it is known to be dead, nobody
    there is in a talk any more; when it is only silent, nobody can tell."""
    words = f"switch {switch} does not answer"
    operators = [floor.acme.operators.view(operator) for operator in floor.at(switch)]
    waiting = [each for each in operators if each.state in ("connecting", "off")]
    alert = floor.acme.alerts.get(f"switch-{switch}")
    right = all(words in each.reason for each in waiting) and all(words in each.unreachable for each in operators)
    return right and (len(waiting) == len(operators) or not dead) and alert is not None and not alert.cleared


@pytest.mark.timeout(240 * ROUNDS)
@pytest.mark.parametrize(
    ("station", "how"), [(Station.RING, "kill -9"), (Station.NAILED, "kill -9"), (Station.RING, "freeze")]
)
def test_no_lead_is_lost_or_called_twice_and_everybody_is_told(redis_url, tmp_path, station, how):
    floor = Floor(redis_url, tmp_path, SEED, station)
    try:
        numbers = [f"+1212555{n:04d}" for n in range(1000, 1020)]
        floor.dice.shuffle(numbers)
        leads = floor.acme.leads.add("spring", [NewLead(number) for number in numbers], time.time()).lead_ids
        for _ in range(ROUNDS):
            until(lambda: all(view.room.live for view in floor.views()), 30)  # calls are up on both
            time.sleep(floor.dice.uniform(0.0, 2.0))  # the moment of chance
            switch = floor.dice.choice(["fs1", "fs2"])
            if how == "kill -9":
                floor.kill(switch)
                until(lambda switch=switch: told(floor, switch, dead=True), 30)
                floor.start(switch)
            else:
                floor.signal(switch, signal.SIGSTOP)
                until(lambda switch=switch: told(floor, switch, dead=False), 60)
                floor.signal(switch, signal.SIGCONT)
            until(lambda switch=switch: floor.acme.alerts.get(f"switch-{switch}").cleared, 30)
        until(lambda: all(floor.acme.leads.get(lead).state == "done" for lead in leads), 120)
        until(floor.all_free, 30)
        assert floor.books.called_twice_at_once() == set()
        stats = floor.acme.stats.day("spring", time.strftime("%Y-%m-%d", time.gmtime()))
        assert len(floor.books.all()) <= stats["attempts"], "every call was written down before it was made"
        for lead, number in zip(leads, numbers, strict=True):
            record, calls = floor.acme.leads.get(lead), floor.books.of(number)
            assert calls and record.attempts <= min(2, len(calls)), (number, record.disposition)
        held = 0 if station is Station.RING else 2
        until(lambda: [floor.channels(name) for name in floor.switches] == [held, held], 40)
        assert floor.acme.calls.live_uuids() == {} and not list(floor.redis.scan_iter("*:number:*"))
    finally:
        floor.stop()
