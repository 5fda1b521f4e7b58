"""The configuration as a real FreeSWITCH reads it: started here on free ports, looked at over its Event Socket, and
told of changes. Skipped, saying so, where there is no `freeswitch` on PATH."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest
from click.testing import CliRunner
from flask import abort, request
from werkzeug.serving import make_server

from fsdialer.cli import main
from fsdialer.core.campaigns import Company, Gateway, Operator
from fsdialer.core.switch_config import a1_hash
from fsdialer.engine.switch_setup import Settled, settle, wanted_marks
from fsdialer.errors import SwitchError
from fsdialer.esl.client import EslClient
from fsdialer.settings import Settings
from fsdialer.store import CompanyStore, Store, connect
from fsdialer.verbs.freeswitch import template, write_all
from tests.freeswitch.sip import Caller
from tests.freeswitch.test_configuration import MODULES
from web import create_app

FREESWITCH = shutil.which("freeswitch")
pytestmark = [
    pytest.mark.freeswitch,
    pytest.mark.skipif(
        FREESWITCH is None, reason="no freeswitch on PATH: the configuration was not tried on a real one"
    ),
]
SECRET = "a-secret-for-the-real-switch-0123456789"
OPTIONAL = {"mod_spandsp", "mod_avmd"}
DIRECTORIES = ("log", "db", "run", "storage", "cache", "temp", "recordings", "sounds", "scripts", "certs", "grammar")
#: Whom the web was asked about; and whether it is away: it says nothing of use then, or ("silent") nothing at all.
ASKED, AWAY = [], []


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(condition, seconds=20):
    """Its first true answer; fails when there is none in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s")


class RealSwitch:
    """A FreeSWITCH of our own, everything it writes below `root`."""

    def __init__(self, conf, root, values, password):
        self.values, self.password, self.root = values, password, root
        command = [FREESWITCH, "-nonat", "-nf", "-nc", "-np", "-conf", str(conf)]
        for name in DIRECTORIES:
            (root / name).mkdir()
            command += [f"-{name}", str(root / name)]
        self._command = command
        self.start()

    def start(self):
        """Anew, after `kill`: with what it had written down."""
        self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    @property
    def pid(self):
        return self._process.pid

    @property
    def running(self):
        return self._process.poll() is None

    def client(self, password=None):
        client = EslClient("127.0.0.1", int(self.values["event_socket_port"]), password or self.password())
        client.connect()
        return client

    def ready(self):
        """A client, once it can be reached and says it is ready."""
        if self._process.poll() is not None:
            raise AssertionError(f"FreeSWITCH ended with {self._process.returncode}")
        with contextlib.suppress(SwitchError, OSError):
            client = self.client()
            if "is ready" in client.api("status"):
                return client
            client.stop()
        return None

    def kill(self):
        """At once: what it leaves behind is below `root`."""
        self._process.kill()
        self._process.wait()

    def stop(self):
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def ports():
    """Everything on loopback, on ports nobody has."""
    first = 30000 + os.getpid() % 500 * 40
    return {
        "sip_ip": "127.0.0.1",
        "rtp_ip": "127.0.0.1",
        "domain": "127.0.0.1",
        "operators_port": str(free_port()),
        "carrier_port": str(free_port()),
        "switches_port": str(free_port()),
        "ws_binding": f"127.0.0.1:{free_port()}",
        "wss_binding": f"127.0.0.1:{free_port()}",
        "event_socket_port": str(free_port()),
        "rtp_first_port": str(first),
        "rtp_last_port": str(first + 39),
    }


@pytest.fixture(scope="module")
def company(redis_url):
    client = connect(redis_url)
    client.flushall()
    acme = CompanyStore(client, "acme")
    acme.setup.save_company(Company("acme"))
    acme.setup.save_gateway(Gateway("acme", "trunk", proxy="127.0.0.1:9", ping_s=0))
    acme.setup.save_operator(Operator("acme", "ann", "Ann", "1001"))
    yield acme
    client.close()


@pytest.fixture(scope="module")
def web(company, redis_url):
    """Our web as the switch sees it."""
    port = free_port()
    settings = Settings(redis_url, redis_url, secret_key=SECRET, listen=f"127.0.0.1:{port}")
    app = create_app(settings)

    @app.before_request
    def asked():
        ASKED.append(request.form.get("user", ""))
        if AWAY == ["silent"]:
            time.sleep(3)
        if AWAY:
            abort(503)

    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield settings
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def switch(company, web, tmp_path_factory):
    root = tmp_path_factory.mktemp("switch")
    values = ports()
    list(write_all(web, Store(company.redis), root / "conf", None, values, static=False))
    text = (root / "conf/fsdialer.env").read_text()
    real = RealSwitch(root / "conf", root, values, lambda: text.split("esl://:")[1].split("@")[0])
    yield real
    real.stop()


@pytest.fixture(scope="module")
def esl(switch):
    client = until(switch.ready, 40)
    yield client
    client.stop()


def test_every_profile_runs(esl):
    status = until(lambda: (said := esl.api("sofia status")).count("RUNNING") == 3 and said)
    for line in status.splitlines():
        if "\tprofile" in line:
            assert "RUNNING" in line, line


def test_every_module_of_the_readme_is_loaded(esl):
    missing = {module for module in MODULES if esl.api(f"module_exists {module}").strip() != "true"}
    assert missing <= OPTIONAL


def test_another_password_is_refused(esl, switch):
    for wrong in ("ClueCon", "x" + switch.password()):
        with pytest.raises(SwitchError):
            switch.client(wrong)


def test_the_limits_are_those_of_the_variables(esl):
    assert esl.api("fsctl max_sessions").split()[-1] == "2000"
    assert esl.api("fsctl sps").split()[-1] == "100"


def test_an_operator_is_known_by_the_hash_the_web_gives(esl, company):
    password = company.accounts.phone("ann", SECRET).password
    assert esl.api("user_data 1001@127.0.0.1 param a1-hash").strip() == a1_hash("1001", "127.0.0.1", password)
    assert "error" in esl.api("sofia_contact 1001@127.0.0.1")


def test_a_phones_settings_have_the_port_the_switch_listens_on(esl, switch, redis_url):
    address = f"127.0.0.1:{switch.values['event_socket_port']}"
    env = {"FSDIALER_REDIS_URL": redis_url, "FSDIALER_SECRET_KEY": SECRET, "FSDIALER_INI": ""}
    env["FSDIALER_SWITCHES"] = f"esl://:{switch.password()}@{address}?domain=127.0.0.1"
    told = CliRunner().invoke(main, ["freeswitch", "phone", "ann"], env=env).output
    assert f"  server          127.0.0.1:{switch.values['operators_port']}\n" in told


def test_what_the_web_said_is_kept_so_that_phones_register_while_it_is_away(esl):
    first = esl.api("user_data 1001@127.0.0.1 param a1-hash")
    ASKED.clear()
    assert esl.api("user_data 1001@127.0.0.1 param a1-hash") == first and ASKED == []
    esl.api("xml_flush_cache")
    assert esl.api("user_data 1001@127.0.0.1 param a1-hash") == first and ASKED == ["1001"]


@pytest.fixture
def caller(switch, esl):
    """Knocks at a profile's port as a user."""
    callers = []

    def knock(profile, user):
        callers.append(Caller(int(switch.values[f"{profile}_port"]), user))
        return callers[-1]

    yield knock
    for each in callers:
        each.close()


def test_a_phone_registers_with_the_password_it_was_given_and_with_no_other(caller, company, esl):
    password = company.accounts.phone("ann", SECRET).password
    assert caller("operators", "1001").register("x" + password) == 403
    phone = caller("operators", "1001")
    assert phone.register(password) == 200
    assert "sip:1001@127.0.0.1" in esl.api("sofia_contact 1001@127.0.0.1")
    assert phone.register(password, expires=0) == 200


def test_nobodys_extension_is_refused(caller, company):
    assert caller("operators", "1009").register(company.accounts.phone("ann", SECRET).password) == 403


def test_a_stranger_can_call_nobody(caller, esl):
    assert caller("operators", "1001").invite("9196") in (401, 407)
    assert caller("carrier", "anybody").invite("9196") == 403
    for profile in ("operators", "carrier", "switches"):
        assert caller(profile, "anybody").refer("9196") == 405
    assert esl.api("show channels count").split()[0] == "0"


def test_browsers_find_a_websocket_that_speaks_sip(switch, esl):
    host, port = switch.values["ws_binding"].split(":")
    with socket.create_connection((host, int(port)), 5) as browser:
        browser.sendall(
            b"GET / HTTP/1.1\r\nHost: pbx\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Protocol: sip\r\n\r\n"
        )
        answer = browser.recv(4096).decode()
    assert answer.startswith("HTTP/1.1 101") and "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in answer


def test_the_echo_answers_and_nothing_else_does(esl):
    def end(destination):
        return esl.api(f"originate {{originate_timeout=5}}loopback/{destination}/operators &hangup()").strip()

    assert end("9196").startswith("+OK")
    assert end("12125550100").startswith("-ERR CALL_REJECTED")


def test_changes_are_told_without_a_restart_and_without_touching_calls(esl, company):
    store = Store(company.redis)
    assert settle(esl.api, wanted_marks(store)) == Settled([], True)
    assert esl.api("originate {origination_uuid=up}loopback/9196/operators &park()").startswith("+OK")
    company.setup.save_gateway(Gateway("acme", "trunk", proxy="127.0.0.1:10", ping_s=0))
    company.setup.save_gateway(Gateway("acme", "second", proxy="127.0.0.1:9", ping_s=0))
    company.accounts.renew_phone("ann")
    assert settle(esl.api, wanted_marks(store)) == Settled(["added second", "changed trunk"], True)
    until(lambda: "127.0.0.1:10" in esl.api("sofia status gateway trunk"), 5)
    password = company.accounts.phone("ann", SECRET).password
    assert esl.api("user_data 1001@127.0.0.1 param a1-hash").strip() == a1_hash("1001", "127.0.0.1", password)
    company.setup.remove_gateway("second")
    assert settle(esl.api, wanted_marks(store)) == Settled(["removed second"], True)
    until(lambda: "Invalid Gateway" in esl.api("sofia status gateway second"), 5)
    assert esl.api("uuid_exists up").strip() == "true"
    esl.api("uuid_kill up")


def test_while_the_web_is_away_nothing_it_told_of_is_forgotten(esl, company, caller):
    """The switch's files know neither this phone nor this gateway: they were written before."""
    company.setup.save_operator(Operator("acme", "bob", "Bob", "1002"))
    company.setup.save_gateway(Gateway("acme", "later", proxy="127.0.0.1:9", ping_s=0))
    store, password = Store(company.redis), company.accounts.phone("bob", SECRET).password
    assert settle(esl.api, wanted_marks(store)) == Settled(["added later"], True)
    assert caller("operators", "1002").register(password) == 200
    AWAY.append(True)
    try:
        company.accounts.renew_phone("ann")
        assert settle(esl.api, wanted_marks(store)) == Settled([], False)
        assert caller("operators", "1002").register(password) == 200
        assert "127.0.0.1:9" in esl.api("sofia status gateway later")
    finally:
        AWAY.clear()
    assert settle(esl.api, wanted_marks(store)) == Settled([], True)
    assert caller("operators", "1001").register(company.accounts.phone("ann", SECRET).password) == 200


def test_a_web_that_hangs_holds_a_call_up_for_less_than_its_customer_waits(esl):
    """What it told may have run out: then every call that rings a phone asks it."""
    AWAY.append("silent")
    try:
        esl.api("xml_flush_cache")
        began = time.monotonic()
        assert esl.api("originate user/1001@127.0.0.1 &park()").startswith("-ERR")
        assert time.monotonic() - began < 1.5
    finally:
        AWAY.clear()


def test_the_directory_starts_as_it_lies_in_the_source(tmp_path):
    """`freeswitch -conf freeswitch/`, nothing but addresses and ports changed; the password is made at the start."""
    from fsdialer.core.switch_config import with_variables

    conf, values = tmp_path / "conf", ports()
    shutil.copytree(template(), conf)
    (conf / "vars.xml").write_text(with_variables((conf / "vars.xml").read_text(), values))
    real = RealSwitch(conf, tmp_path, values, lambda: (conf / "event_socket.password").read_text())
    try:
        client = until(real.ready, 40)
        assert until(lambda: client.api("sofia status").count("RUNNING") == 3)
        client.stop()
    finally:
        real.stop()
