"""Our files laid over the configuration FreeSWITCH brings itself, by the very lines of the README, and started.

Skipped, saying so, where there is no `freeswitch` on PATH or its own configuration is not found.
"""

import re
import subprocess
from pathlib import Path

import pytest

from fsdialer.core.campaigns import Company, Gateway, Operator
from fsdialer.settings import Settings
from fsdialer.store import CompanyStore, Store, connect
from fsdialer.verbs.freeswitch import template, write_all
from tests.freeswitch.sip import Caller
from tests.freeswitch.test_real import FREESWITCH, RealSwitch, ports, until

PLACES = ("/etc/freeswitch", "/usr/share/freeswitch/conf/vanilla", "/usr/local/freeswitch/conf")


def stock():
    """FreeSWITCH's own configuration, as it was installed."""
    beside = [Path(FREESWITCH).resolve().parents[1] / "etc/freeswitch"] if FREESWITCH else []
    return next(
        (path for path in (*beside, *map(Path, PLACES)) if (path / "sip_profiles/internal.xml").is_file()), None
    )


pytestmark = [
    pytest.mark.freeswitch,
    pytest.mark.skipif(FREESWITCH is None, reason="no freeswitch on PATH: the drop-in files were not tried on one"),
    pytest.mark.skipif(stock() is None, reason="FreeSWITCH's own configuration is not here: no drop-in was tried"),
]
#: FreeSWITCH would put a variable into it, or leave out its line.
PASSWORD = "p$${domain}X-PRE-PROCESS"
SECRET = "a-secret-for-the-stock-switch-0123456789"


def lay_over(from_, to):
    """The README's lines, their two directories being ours; nobody else owns the files here."""
    block = re.search(r"## Into a stock FreeSWITCH\n.*?```sh\n(.*?)```", (template() / "README.md").read_text(), re.S)[
        1
    ]
    first, *lines = [line for line in block.splitlines() if not line.startswith("chown")]
    assert first == "from=/etc/fsdialer-switch; to=/etc/freeswitch"
    script = "\n".join([f"from={from_}; to={to}", *lines])
    subprocess.run(["/bin/sh", "-eu", "-c", script], check=True)


def test_laid_over_the_stock_configuration_ours_runs_and_nothing_of_its_doors_is_left(redis_url, tmp_path):
    redis = connect(redis_url)
    redis.flushall()
    acme = CompanyStore(redis, "acme")
    acme.setup.save_company(Company("acme"))
    acme.setup.save_gateway(Gateway("acme", "trunk", proxy="127.0.0.1:9", ping_s=0))
    acme.accounts.save_gateway_password("trunk", PASSWORD)
    acme.setup.save_operator(Operator("acme", "ann", "Ann", "1001"))
    settings, values = Settings(redis_url, redis_url, secret_key=SECRET), ports()
    list(write_all(settings, Store(redis), tmp_path / "ours", None, values, static=True))
    subprocess.run(["cp", "-R", str(stock()), str(tmp_path / "stock")], check=True)
    lay_over(tmp_path / "ours", tmp_path / "stock")
    text = (tmp_path / "ours/fsdialer.env").read_text()
    real = RealSwitch(tmp_path / "stock", tmp_path, values, lambda: text.split("esl://:")[1].split("@")[0])
    try:
        client = until(real.ready, 40)
        until(lambda: client.api("sofia status").count("RUNNING") == 3)
        profiles = {
            line.split("\t")[0].strip() for line in client.api("sofia status").splitlines() if "profile\t" in line
        }
        assert profiles == {"operators", "carrier", "switches"}
        assert "127.0.0.1:9" in client.api("sofia status gateway trunk")
        assert f'value="{PASSWORD}"' in client.api("xml_locate directory domain name gateways")
        phone = Caller(int(values["operators_port"]), "1001")
        assert phone.register("1234") == 403
        assert phone.register(acme.accounts.phone("ann", SECRET).password) == 200
        phone.close()
        assert client.api("originate {originate_timeout=5}loopback/9196/operators &hangup()").startswith("+OK")
        for context in ("default", "public"):
            said = client.api(f"originate {{originate_timeout=5}}loopback/9196/{context} &hangup()")
            assert said.startswith("-ERR"), context
        client.stop()
    finally:
        real.stop()
        redis.close()
