"""The two switches of the contract: the simulated one, and a real FreeSWITCH with SIPp as its carrier and baresip as
its operators' phones. Both are processes of their own on free ports; what a test needs of them is the same.

Extensions: 1001 and 1002 answer by themselves, 1003 refuses, 1004 rings for ever, 1005 is not registered, 1006
sends sound while it rings, 1007 is registered until it is forgotten, 9999 is nobody's. Gateways: customers are behind
`trunk`, `down` and `dead` are what they are called, `spare` may be given up.
"""

import json
import os
import shutil
import signal
import socket
import subprocess

from fsdialer.core.campaigns import Company, Gateway, Operator
from fsdialer.settings import Settings
from fsdialer.store import CompanyStore, Store, connect
from fsdialer.verbs.freeswitch import write_all
from tests.contract.carrier import Carrier, free_udp_port
from tests.freeswitch.phones import modules_folder
from tests.freeswitch.sip import Caller
from tests.freeswitch.test_real import RealSwitch, free_port, ports, until
from tests.journey import PASSWORD, Switch

ANSWERS, ANSWERS_TOO, REFUSES, NEVER_ANSWERS, NOT_THERE = "1001", "1002", "1003", "1004", "1005"
EARLY, FORGOTTEN, NOBODY = "1006", "1007", "9999"
MISSING = [name for name in ("freeswitch", "sipp", "baresip") if shutil.which(name) is None]
SECRET = "a-secret-for-the-contract-0123456789"
#: baresip's configuration; a phone that is heard (a tone) and can be told to hang up (`ctrl_tcp`).
PHONE = """\
poll_method epoll
sip_listen 127.0.0.1:{port}
sip_trans_def udp
net_interface 127.0.0.1
dns_server 127.0.0.1:53
call_local_timeout 120
call_max_calls 2
audio_player aubridge,sink{extension}
audio_source ausine,440
audio_alert aubridge,alert{extension}
ausrc_srate 48000
auplay_srate 48000
ausrc_channels 2
auplay_channels 1
ausrc_format s16
auplay_format s16
auenc_format s16
audec_format s16
rtp_ports {rtp}-{rtp_last}
rtcp_mux no
rtp_stats no
statmode_default off
ctrl_tcp_listen 127.0.0.1:{control}
module_path {modules}
module g711.so
module ausine.so
module aubridge.so
module_tmp account.so
module_app contact.so
module_app menu.so
module_app ctrl_tcp.so
"""


class Simulated:
    """`fsdialer.lab`, in real time, with the usual order of events."""

    name = "simulated"

    def __init__(self, folder):
        self._switch = Switch(
            folder,
            "--talk-scale=1",
            "--gateway=trunk",
            "--gateway=down:down",
            "--gateway=dead:unreachable",
            "--gateway=spare",
            f"--recordings={folder}",
        )
        self.folder = folder
        self._switch.lab(f"phone {REFUSES} reject")
        self._switch.lab(f"phone {NEVER_ANSWERS} noanswer")
        self._switch.lab(f"phone {NOT_THERE} unregistered")
        self._switch.lab(f"phone {EARLY} early")
        self.address, self.password = ("127.0.0.1", self._switch.port), PASSWORD

    def renew(self):
        """Its phones stay registered by themselves."""

    def hang_up_phone(self, extension):
        """Its operator puts the receiver down."""
        self._switch.lab(f"phone {extension} hangup")

    def comes_and_goes(self, extension):
        """It registers, and ends its registration."""
        self._switch.lab(f"phone {extension} auto")
        self._switch.lab(f"phone {extension} unregistered")

    def stop(self):
        self._switch.stop()


class Phone:
    """baresip as one operator's phone."""

    def __init__(self, folder, extension, password, registrar):
        folder.mkdir()
        for _ in range(5):  # it takes ports besides those it is told, and one may be somebody's
            self._start(folder, extension, password, registrar)
            try:
                self._process.wait(0.7)
            except subprocess.TimeoutExpired:
                return
        raise AssertionError((folder / "baresip.log").read_text())

    def _start(self, folder, extension, password, registrar):
        rtp = free_udp_port()
        self._control = free_port()
        (folder / "config").write_text(
            PHONE.format(
                port=free_udp_port(),
                extension=extension,
                rtp=rtp,
                rtp_last=rtp + 9,
                control=self._control,
                modules=modules_folder(),
            )
        )
        (folder / "accounts").write_text(
            f"<sip:{extension}@127.0.0.1:{registrar};transport=udp>;auth_user={extension};auth_pass={password};"
            "answermode=auto;regint=60;audio_codecs=PCMU/8000/1\n"
        )
        (folder / "contacts").touch()
        self._log = (folder / "baresip.log").open("wb")
        self._process = subprocess.Popen(
            ["baresip", "-f", str(folder)], stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT
        )

    def hang_up(self):
        said = json.dumps({"command": "hangup"})
        with socket.create_connection(("127.0.0.1", self._control), 5) as line:
            line.sendall(f"{len(said)}:{said},".encode())
            heard = b""  # its events come between
            while b'"response":true' not in heard:
                heard += (more := line.recv(4096))
                assert more, heard
            assert b'"ok":true' in heard

    def stop(self):
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._log.close()


class Real:
    """FreeSWITCH with our own configuration, its carrier and its phones."""

    name = "real"

    def __init__(self, folder, redis_url):
        self._over, self.folder = [], folder
        self._callers = {}
        try:
            self._start(folder, redis_url)
        except BaseException:
            self.stop()
            raise

    def _start(self, folder, redis_url):
        carrier = Carrier(folder)
        self._over.append(carrier.stop)
        values = {**ports(), **_audio_ports()}
        passwords = self._passwords = _configure(redis_url, folder / "conf", values, carrier.port)
        self.password = (folder / "conf/fsdialer.env").read_text().split("esl://:")[1].split("@")[0]
        switch = RealSwitch(folder / "conf", folder, values, lambda: self.password)
        self._over.append(switch.kill)
        self.address = ("127.0.0.1", int(values["event_socket_port"]))
        client = until(switch.ready, 40)
        self._over.append(client.stop)
        registrar = self._registrar = int(values["operators_port"])
        until(lambda: client.api("sofia status").count("RUNNING") == 3)
        self._phones = {}
        for extension in (ANSWERS, ANSWERS_TOO):
            phone = Phone(folder / extension, extension, passwords[extension], registrar)
            self._phones[extension] = phone
            self._over.append(phone.stop)
        for extension, person in ((REFUSES, "603"), (NEVER_ANSWERS, "408"), (EARLY, "204"), (FORGOTTEN, "408")):
            caller = Caller(registrar, extension, contact=f"sip:{extension}{person}@127.0.0.1:{carrier.port}")
            self._callers[extension] = caller
            self._over.append(caller.close)
        self.renew()
        for extension in (ANSWERS, ANSWERS_TOO, REFUSES, NEVER_ANSWERS, EARLY, FORGOTTEN):
            self._registered(client, extension, folder)
        assert carrier.runs, (folder / "sipp.log").read_text()

    def renew(self):
        """The switch believes a registration for two minutes, whatever the phone asks for."""
        for extension, caller in self._callers.items():
            assert caller.register(self._passwords[extension]) == 200

    def _registered(self, client, extension, folder):
        try:
            until(lambda: client.api(f"sofia_contact {extension}@127.0.0.1").startswith("sofia/"), 25)
        except AssertionError:
            logs = [path.read_text(errors="replace")[-1500:] for path in folder.glob("*/baresip.log")]
            raise AssertionError("\n".join([f"phone {extension} did not register", *logs])) from None

    def hang_up_phone(self, extension):
        """Its operator puts the receiver down."""
        self._phones[extension].hang_up()

    def comes_and_goes(self, extension):
        """It registers, and ends its registration."""
        caller = Caller(self._registrar, extension)
        for expires in (60, 0):
            assert caller.register(self._passwords[extension], expires) == 200
        caller.close()

    def stop(self):
        for end in reversed(self._over):
            end()


def _audio_ports():
    """Apart from those of other switches of this machine's tests."""
    first = 10000 + os.getpid() % 250 * 80
    return {"rtp_first_port": str(first), "rtp_last_port": str(first + 79)}


def _configure(redis_url, target, values, carrier_port):
    """Our configuration directory for one company; the passwords of its phones by extension."""
    client = connect(f"{redis_url}?db=9")
    try:
        client.flushdb()
        client.sadd("fsdialer:companies", "acme")
        acme = CompanyStore(client, "acme")
        acme.setup.save_company(Company("acme"))
        acme.setup.save_gateway(Gateway("acme", "trunk", proxy=f"127.0.0.1:{carrier_port}", ping_s=0))
        for gateway in ("dead", "spare"):
            acme.setup.save_gateway(Gateway("acme", gateway, proxy=f"127.0.0.1:{free_udp_port()}", ping_s=0))
        acme.setup.save_gateway(Gateway("acme", "down", proxy=f"127.0.0.1:{free_udp_port()}", ping_s=5))
        for extension in (ANSWERS, ANSWERS_TOO, REFUSES, NEVER_ANSWERS, NOT_THERE, EARLY, FORGOTTEN):
            acme.setup.save_operator(Operator("acme", f"op{extension}", f"Operator {extension}", extension))
        settings = Settings(redis_url, redis_url, secret_key=SECRET)
        list(write_all(settings, Store(client), target, None, values, static=True))
        return {phone.extension: phone.password for phone in acme.accounts.phones(SECRET)}
    finally:
        client.close()
