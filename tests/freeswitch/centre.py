"""A call centre on a real FreeSWITCH: our configuration, a dialer, and SIP peers who keep every message: one as the
carrier (or the company's own PBX), one as an operator's phone."""

import contextlib
import itertools
import time

from fsdialer.core.campaigns import Campaign, Company, Gateway, Mode, Operator, PhoneFamily
from fsdialer.core.leads import NewLead
from fsdialer.esl import phone_commands
from fsdialer.settings import Settings
from fsdialer.store import CompanyStore, Store, connect
from fsdialer.verbs.freeswitch import write_all
from tests.freeswitch.peer import Peer
from tests.freeswitch.sip import Caller
from tests.freeswitch.test_real import RealSwitch, ports, until
from tests.journey import Process

SECRET = "a-secret-for-the-real-centre-0123456789"
NAME = "Spring sale"


class RealCentre:
    """Company `acme`, campaign `spring`, operator 1001 and their `phone`; `carrier` answers for every number."""

    def __init__(self, redis_url, root):
        self.redis = connect(redis_url)
        self.redis.flushall()
        self._numbers = itertools.count(10)
        self._over = [self.redis.close]
        self.carrier, self.phone = Peer(), Peer()
        self._over += [self.carrier.stop, self.phone.stop]
        self.acme = self._company()
        self.values = ports()
        self._settings, self._root = Settings(redis_url, redis_url, secret_key=SECRET), root
        self.write()
        written = dict(line.split("=", 1) for line in (root / "conf/fsdialer.env").read_text().splitlines())
        (root / "switch").mkdir()
        password = written["FSDIALER_SWITCHES"].split("esl://:")[1].split("@")[0]
        self.switch = RealSwitch(root / "conf", root / "switch", self.values, lambda: password)
        self._over.append(self.switch.stop)
        try:
            self.esl = until(self.switch.ready, 40)
            self._over.append(self.esl.stop)
            until(lambda: self.esl.api("sofia status").count("RUNNING") == 3)
            self.register()
            self._env = {"FSDIALER_REDIS_URL": redis_url, "FSDIALER_SECRET_KEY": SECRET, **written}
            self.start_dialer()
        except BaseException:
            self.stop()
            raise

    def write(self):
        """The switch's files, with the operators and gateways of now."""
        list(write_all(self._settings, Store(self.redis), self._root / "conf", None, self.values, static=True))

    def start_dialer(self):
        self.dialer = Process(self._root / f"dial-{time.monotonic_ns()}.log", "fsdialer", "dial", env=self._env)
        self._over.append(self.dialer.stop)
        until(lambda: self.dialer.said("up=True"))

    def _company(self):
        acme = CompanyStore(self.redis, "acme")
        acme.setup.save_company(Company("acme", "Acme", hide_numbers=True))
        acme.setup.save_gateway(Gateway("acme", "trunk", host="127.0.0.1", port=self.carrier.port))
        acme.setup.save_operator(Operator("acme", "1001", "Ann", "1001", campaigns=("spring",)))
        self.campaign(acme)
        return acme

    def campaign(self, acme=None, **changed):
        campaign = Campaign(
            "acme",
            "spring",
            **{
                "name": NAME,
                "mode": Mode.PROGRESSIVE,
                "gateways": ("trunk",),
                "caller_ids": ("+12125550100",),
                "max_wait_s": 6.0,
                "wrap_up_s": 0.0,
                **changed,
            },
        )
        (acme or self.acme).setup.save_campaign(campaign)

    def register(self, agent="peer"):
        """The operator's phone says that it is there, and what it is. What was known of it before is forgotten."""
        asked = phone_commands.registration("operators", "1001", "127.0.0.1")
        self.esl.api("sofia profile operators flush_inbound_reg 1001@127.0.0.1")
        until(lambda: "<agent>" not in self.esl.api(asked))  # else the next one may go with it
        password = self.acme.accounts.phone("1001", SECRET).password
        caller = Caller(int(self.values["operators_port"]), "1001", contact=f"sip:1001@127.0.0.1:{self.phone.port}")
        caller.agent = agent
        assert caller.register(password, expires=600) == 200
        caller.close()
        until(lambda: f"<agent>{agent}<" in self.esl.api(asked))

    def station(self, station, phone=PhoneFamily.AUTO):
        """The operator gets on the line with a phone of that kind."""
        operator = Operator("acme", "1001", "Ann", "1001", station=station, campaigns=("spring",), phone=phone)
        self.acme.setup.save_operator(operator)
        self.acme.operators.go_on_line("1001", "spring", time.time(), via="cli")
        until(lambda: self.state == "available")

    @property
    def state(self):
        return self.acme.operators.view("1001").state

    def call(self, number=""):
        """The record of a customer's call, once it is talked to."""
        number = number or f"+121255502{next(self._numbers)}"
        lead = self.acme.leads.add("spring", [NewLead(number)], time.time()).lead_ids[0]
        key = self.acme.keys.lead(lead)
        return until(lambda: (r := self._record(key)).get("bridged") and r, 20)

    def _record(self, key):
        uuid = self.redis.hget(key, "call") or self.redis.hget(key, "last_call")
        return self.acme.calls.get(uuid) if uuid else {}

    def ended(self, call):
        return until(lambda: (r := self.acme.calls.get(call["uuid"])).get("ended") and r, 20)

    def finish(self, call):
        """The operator ends the talk on their page."""
        self.acme.feed.publish("wish", what="hangup", operator="1001", call=call["uuid"])
        return self.ended(call)

    @contextlib.contextmanager
    def dying_at(self, method):
        """Within, the dialer is killed by such a request to the carrier, before it is answered."""
        heed = self.carrier._heed

        def killed_first(text, sender):
            if text.startswith(f"{method} "):
                self.dialer.kill()
            heed(text, sender)

        self.carrier._heed = killed_first
        yield
        self.carrier._heed = heed

    def off_line(self):
        self.acme.operators.leave_line("1001", time.time())
        until(lambda: self.state == "off")
        until(lambda: self.esl.api("show channels count").split()[0] == "0")

    def stop(self):
        for end in reversed(self._over):
            end()
