"""`fsdialer freeswitch write | phone`, gateways' passwords by `apply`."""

import hashlib
import json
import os
import stat

import pytest
from click.testing import CliRunner

from fsdialer.cli import main
from fsdialer.core.switch_config import a1_hash, variables
from fsdialer.esl.link import SwitchAddress
from fsdialer.store import Store

SETUP = """
[company.acme]
[company.acme.gateway.trunk]
proxy = "sip.example.com"
username = "us"
password_env = "TRUNK_PASSWORD"
[company.acme.operator.ann]
name = "Ann"
extension = "1001"
"""
DOMAIN = ("--domain", "pbx.example.com")


@pytest.fixture
def cli(redis, redis_url, tmp_path, monkeypatch):
    """Run a command in an empty directory, with SETUP applied; what it printed."""
    for name in ("FSDIALER_INI", "FSDIALER_SWITCHES", "FSDIALER_LISTEN", "FSDIALER_RQ_REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FSDIALER_REDIS_URL", redis_url)
    monkeypatch.setenv("FSDIALER_SECRET_KEY", "a-secret-key-0123456789")
    monkeypatch.setenv("TRUNK_PASSWORD", "carrier-secret")
    monkeypatch.chdir(tmp_path)

    def run(*arguments, fails=False):
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == int(fails), result.output
        return result.output

    (tmp_path / "setup.toml").write_text(SETUP)
    run("apply", "setup.toml")
    return run


@pytest.fixture
def written(cli, tmp_path):
    cli("freeswitch", "write", "conf", *DOMAIN)
    return tmp_path / "conf"


def vars_of(conf):
    return variables((conf / "vars.xml").read_text())


def environment(conf):
    return dict(line.split("=", 1) for line in (conf / "fsdialer.env").read_text().splitlines())


def test_everything_written_is_for_its_owner_alone(written):
    files = [path for path in written.rglob("*") if path.is_file()]
    assert len(files) > 15
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in [written, *written.glob("*/")] if path.is_dir()} == {0o700}


def test_the_password_is_generated_and_the_dialer_is_given_it(written):
    url = environment(written)["FSDIALER_SWITCHES"]
    address = SwitchAddress.parse(url)
    assert address.password == vars_of(written)["event_socket_password"] and len(address.password) >= 32
    assert address.domain == "pbx.example.com" == vars_of(written)["domain"]


def test_two_directories_have_two_passwords(cli, written, tmp_path):
    cli("freeswitch", "write", "other", *DOMAIN)
    assert vars_of(tmp_path / "other")["event_socket_password"] != vars_of(written)["event_socket_password"]


def test_operators_are_written_by_their_hash_and_the_gateway_with_its_account(cli, written):
    text = (written / "directory/fsdialer.xml").read_text()
    told = cli("freeswitch", "phone", "ann", *DOMAIN)
    password = next(line.split()[-1] for line in told.splitlines() if line.startswith("  password"))
    assert a1_hash("1001", "pbx.example.com", password) in text and password not in text
    assert 'value="sip.example.com"' in text and "carrier-secret" in text


def test_a_phones_account_is_written_as_the_file_it_reads(cli, written):
    told = cli("freeswitch", "phone", "ann", *DOMAIN)
    password = next(line.split()[-1] for line in told.splitlines() if line.startswith("  password"))
    for kind in ("microsip", "grandstream", "baresip"):
        assert password in cli("freeswitch", "phone", "ann", *DOMAIN, "--for", kind)


def test_writing_again_keeps_what_was_set_and_the_password(cli, written):
    cli("freeswitch", "write", "conf", "--set", "operators_port=5070")
    before = vars_of(written)
    cli("freeswitch", "write", "conf")
    assert vars_of(written) == before and before["operators_port"] == "5070" and before["domain"] == "pbx.example.com"


@pytest.mark.skipif(os.geteuid() != 0, reason="not root, who alone can give files away: owners were not looked at")
def test_writing_again_leaves_the_files_to_the_switchs_own_user(cli, written):
    """It is written by root, and read by FreeSWITCH as the user the directory was given to."""
    for path in (written, *written.rglob("*")):
        os.chown(path, 12345, 12346)
    (written / "autoload_configs/avmd.conf.xml").unlink()
    cli("freeswitch", "write", "conf", "--set", "operators_port=5070")
    owners = {(path.stat().st_uid, path.stat().st_gid) for path in (written, *written.rglob("*"))}
    assert owners == {(12345, 12346)} and vars_of(written)["operators_port"] == "5070"


def test_writing_again_leaves_alone_what_says_so_already(cli, written):
    """A file's time says when its meaning changed, and whoever it was given to keeps it."""
    files = {path: path.stat().st_ino for path in written.rglob("*") if path.is_file()}
    cli("freeswitch", "write", "conf", "--set", "operators_port=5070")
    assert [path.name for path, inode in files.items() if path.stat().st_ino != inode] == ["vars.xml"]


def test_static_files_alone_do_not_ask_the_web(cli, written):
    assert "mod_xml_curl" in (written / "autoload_configs/modules.conf.xml").read_text()
    cli("freeswitch", "write", "conf", "--static")
    assert "mod_xml_curl" not in (written / "autoload_configs/modules.conf.xml").read_text()


def test_web_is_told_where_browsers_register_until_the_administrator_says_otherwise(cli, written):
    assert environment(written)["FSDIALER_SIP_WS"] == "wss://pbx.example.com:7443"
    file = written / "fsdialer.env"
    file.write_text(file.read_text().replace("wss://pbx.example.com:7443", "/sip"))
    cli("freeswitch", "write", "conf")
    assert environment(written)["FSDIALER_SIP_WS"] == "/sip"


def test_web_hears_of_a_websocket_that_moves(cli, written):
    cli("freeswitch", "write", "conf", "--set", "wss_binding=:7500", "--domain", "sip.example.com")
    said = environment(written)
    assert said["FSDIALER_SIP_WS"] == "wss://sip.example.com:7500"
    assert said["FSDIALER_SWITCHES"].endswith("?domain=sip.example.com")


def test_dialer_and_web_hear_of_what_was_changed_in_the_variables_by_hand(cli, written):
    file = written / "vars.xml"
    text = file.read_text().replace(vars_of(written)["event_socket_password"], "changed-by-hand-0123456789")
    file.write_text(text.replace("port=8021", "port=8030").replace("binding=:7443", "binding=:7500"))
    cli("freeswitch", "write", "conf")
    said = environment(written)
    assert said["FSDIALER_SWITCHES"] == "esl://:changed-by-hand-0123456789@127.0.0.1:8030?domain=pbx.example.com"
    assert said["FSDIALER_SIP_WS"] == "wss://pbx.example.com:7500"


def test_an_empty_password_for_the_event_socket_is_refused_where_freeswitch_would_take_its_default(cli, written):
    before = environment(written)
    assert "ClueCon" in cli("freeswitch", "write", "conf", "--set", "event_socket_password=", fails=True)
    assert environment(written) == before


def test_a_password_of_ones_own_for_the_event_socket_reaches_the_dialer_whatever_is_in_it(cli, written):
    cli("freeswitch", "write", "conf", "--set", "event_socket_password=a/b+c:d@e,f")
    url = environment(written)["FSDIALER_SWITCHES"]
    assert "," not in url and SwitchAddress.parse(url).password == "a/b+c:d@e,f"


def test_the_event_socket_may_be_on_an_ipv6_address_and_the_domain_is_a_name(cli, written):
    cli("freeswitch", "write", "conf", "--set", "event_socket_ip=::1")
    address = SwitchAddress.parse(environment(written)["FSDIALER_SWITCHES"])
    assert (address.host, address.port, address.domain) == ("::1", 8021, "pbx.example.com")
    for domain in ("[2001:db8::5]", "2001:db8::5"):
        assert "domain: an IPv6 address" in cli("freeswitch", "write", "conf", "--domain", domain, fails=True)


def test_dialer_is_told_what_somebody_added_to_its_switches_and_where_this_one_moved(cli, written):
    file = written / "fsdialer.env"
    file.write_text(file.read_text().replace("?domain=pbx.example.com", "?name=fs1&domain=x,esl://:two@10.0.0.2:8021"))
    cli("freeswitch", "write", "conf", "--set", "event_socket_port=8030")
    said = environment(written)["FSDIALER_SWITCHES"]
    assert said.endswith("@127.0.0.1:8030?name=fs1&domain=x,esl://:two@10.0.0.2:8021")


def test_what_somebody_added_to_the_environment_stays_comments_and_quotes_too(cli, written):
    file = written / "fsdialer.env"
    switches, browsers = file.read_text().splitlines()
    name, _, url = switches.partition("=")
    file.write_text(f"# ours\n{name}='{url}&name=fs1'\nFSDIALER_RECORDINGS=/srv/calls\n{browsers}\n")
    cli("freeswitch", "write", "conf", "--set", "event_socket_port=8030")
    moved = url.replace(":8021", ":8030")
    expected = ["# ours", f"{name}='{moved}&name=fs1'", "FSDIALER_RECORDINGS=/srv/calls", browsers]
    assert file.read_text().splitlines() == expected


def test_what_was_changed_by_hand_is_kept_and_said_until_it_is_as_ours_again(cli, written):
    file = written / "autoload_configs/acl.conf.xml"
    ours = file.read_text()
    mine = ours.replace('"carriers" default="deny"', '"carriers" default="allow"')
    file.write_text(mine)
    said = cli("freeswitch", "write", "conf")
    assert "acl.conf.xml: changed by hand" in said and said.count("by hand") == 1
    assert file.read_text() == mine and (written / "autoload_configs/acl.conf.xml.new").read_text() == ours
    assert "changed by hand" in cli("freeswitch", "write", "conf") and file.read_text() == mine
    file.write_text(ours)
    assert "by hand" not in cli("freeswitch", "write", "conf")
    assert not list(written.rglob("*.new"))


def test_files_of_an_older_version_are_brought_up_to_date(cli, written):
    file = written / "dialplan/public.xml"
    ours, sums = file.read_text(), json.loads((written / ".written").read_text())
    file.write_text("<include/>")
    sums["dialplan/public.xml"] = hashlib.sha256(b"<include/>").hexdigest()
    (written / ".written").write_text(json.dumps(sums))
    assert "by hand" not in cli("freeswitch", "write", "conf") and file.read_text() == ours


def test_on_loopback_browsers_need_no_certificate(cli, tmp_path):
    cli("freeswitch", "write", "conf", "--domain", "127.0.0.1", "--set", "ws_binding=127.0.0.1:5099")
    assert environment(tmp_path / "conf")["FSDIALER_SIP_WS"] == "ws://127.0.0.1:5099"


@pytest.mark.parametrize(
    ("line", "says"), [('dial = "sofia/gateway/trunk/1001"', "is rung at sofia/"), ('station = "refer"', "own PBX")]
)
def test_a_phone_that_does_not_register_here_has_no_settings(cli, tmp_path, line, says):
    (tmp_path / "setup.toml").write_text(f"{SETUP}{line}\n")
    cli("apply", "setup.toml")
    assert says in cli("freeswitch", "phone", "ann", *DOMAIN, "--new", fails=True)


def test_phone_in_a_page_is_written_so_that_it_can_be_rung_and_nobody_can_be_it(cli, tmp_path):
    (tmp_path / "setup.toml").write_text(SETUP + 'station = "webrtc"\n')
    cli("apply", "setup.toml")
    assert "in their page" in cli("freeswitch", "phone", "ann", *DOMAIN)
    assert "there is no file to write" in cli("freeswitch", "phone", "ann", *DOMAIN, "--for", "baresip", fails=True)
    assert "phone 1001: in the page of ann\n" in cli("freeswitch", "write", "conf", *DOMAIN)
    first = (tmp_path / "conf/directory/fsdialer.xml").read_text()
    assert '<user id="1001">' in first and "a1-hash" in first
    assert "not with --static" in cli("freeswitch", "write", "conf", "--static")
    assert (tmp_path / "conf/directory/fsdialer.xml").read_text() != first  # made of nothing anybody has


def test_somebody_elses_directory_is_left_alone(cli, tmp_path):
    (tmp_path / "stock").mkdir()
    (tmp_path / "stock/vars.xml").write_text('<include>\n<X-PRE-PROCESS cmd="set" data="domain=x"/>\n</include>')
    assert "not written by us" in cli("freeswitch", "write", "stock", fails=True)
    assert len(list((tmp_path / "stock").iterdir())) == 1


def test_an_extension_of_two_companies_is_refused_naming_both(cli, tmp_path):
    (tmp_path / "beta.toml").write_text('[company.beta]\n[company.beta.operator.bob]\nextension = "1001"\n')
    cli("apply", "beta.toml")
    said = cli("freeswitch", "write", "conf", fails=True)
    assert "acme/ann" in said and "beta/bob" in said


@pytest.mark.parametrize("wrong", ["nonsense", "domian=x", 'domain=a"b'])
def test_a_wrong_variable_is_refused(cli, wrong):
    cli("freeswitch", "write", "conf", "--set", wrong, fails=True)


def test_a_new_password_is_another_one(cli):
    before = cli("freeswitch", "phone", "ann", *DOMAIN)
    assert cli("freeswitch", "phone", "ann", *DOMAIN) == before
    assert cli("freeswitch", "phone", "ann", *DOMAIN, "--new") != before


def test_a_gateways_password_comes_from_the_environment_and_is_in_no_export(cli, redis):
    trunk = next(Store(redis).company("acme").accounts.trunks())
    assert trunk.password == "carrier-secret"
    assert "carrier-secret" not in cli("export")


@pytest.mark.parametrize(("password", "words"), [("", "is not set"), ("a:b", "a colon"), ("a\nb", "a line break")])
def test_a_gateways_password_that_it_cannot_have_is_named(cli, monkeypatch, password, words):
    monkeypatch.setenv("TRUNK_PASSWORD", password)
    said = cli("apply", "setup.toml", fails=True)
    assert "company.acme.gateway.trunk.password_env: $TRUNK_PASSWORD " in said and words in said
