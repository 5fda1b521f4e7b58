"""A process's settings, from its environment and an ini file."""

import pytest

from fsdialer.errors import InvalidSetting
from fsdialer.settings import load


def test_nothing_set_gives_loopback_addresses_and_no_secret():
    settings = load({})
    assert settings.redis_url == settings.rq_redis_url == "redis://127.0.0.1:6379/0"
    assert settings.listen.startswith("127.0.0.1:")
    assert (settings.switches, settings.secret_key) == ((), "")


def test_rq_may_have_a_redis_of_its_own_and_else_shares():
    assert load({"FSDIALER_REDIS_URL": "redis://a"}).rq_redis_url == "redis://a"
    assert load({"FSDIALER_REDIS_URL": "redis://a", "FSDIALER_RQ_REDIS_URL": "redis://b"}).rq_redis_url == "redis://b"


def test_several_switches_are_separated_by_commas():
    urls = "esl://:one@10.0.0.1:8021, esl://:two@10.0.0.2:8021,"
    assert load({"FSDIALER_SWITCHES": urls}).switches == ("esl://:one@10.0.0.1:8021", "esl://:two@10.0.0.2:8021")


def test_ini_file_is_below_the_environment(tmp_path):
    ini = tmp_path / "fsdialer.ini"
    ini.write_text("[fsdialer]\nlisten = 0.0.0.0:80\nsecret_key = 50%off-and-long-enough\nhistory_url = sqlite://\n")
    settings = load({"FSDIALER_INI": str(ini), "FSDIALER_LISTEN": "127.0.0.1:9"})
    assert settings.listen == "127.0.0.1:9"
    assert settings.secret_key == "50%off-and-long-enough"


def test_misspelt_key_of_an_ini_file_is_refused_with_the_right_one(tmp_path):
    ini = tmp_path / "fsdialer.ini"
    ini.write_text("[fsdialer]\nredis_uri = redis://a\n")
    with pytest.raises(InvalidSetting, match="unknown key 'redis_uri': did you mean redis_url?"):
        load({}, ini)


def test_ini_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InvalidSetting, match="cannot read"):
        load({"FSDIALER_INI": str(tmp_path / "none.ini")})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REDIS_URL", "http://x"),
        ("RQ_REDIS_URL", "localhost"),
        ("LISTEN", "8080"),
        ("LISTEN", "127.0.0.1:99999"),
        ("DIALER_NAME", "a#1"),
        ("BROWSER_GRACE_S", "soon"),
        ("BROWSER_GRACE_S", "0"),
        ("LOG_LEVEL", "LOUD"),
    ],
)
def test_wrong_value_is_refused_naming_the_variable(name, value):
    with pytest.raises(InvalidSetting, match=f"FSDIALER_{name}"):
        load({f"FSDIALER_{name}": value})


@pytest.mark.parametrize(
    ("given", "understood"), [("[::1]:8080", "[::1]:8080"), ("::1:8080", "[::1]:8080"), ("[::]:80", "[::]:80")]
)
def test_an_ipv6_address_to_listen_on_stands_in_brackets(given, understood):
    assert load({"FSDIALER_LISTEN": given}).listen == understood


def test_what_a_process_cannot_do_without_is_asked_for_by_name():
    with pytest.raises(InvalidSetting, match="FSDIALER_SWITCHES: not set"):
        load({}).need_switches()
    with pytest.raises(InvalidSetting, match="FSDIALER_SECRET_KEY: not set"):
        load({"FSDIALER_SECRET_KEY": "short"}).need_secret()


def test_no_secret_is_ever_shown():
    secrets = {
        "FSDIALER_REDIS_URL": "redis://:hush1@a",
        "FSDIALER_RQ_REDIS_URL": "redis://:hush2@a",
        "FSDIALER_SWITCHES": "esl://:hush3@a:8021",
        "FSDIALER_SECRET_KEY": "hush4-and-long-enough",
        "FSDIALER_METRICS_TOKEN": "hush5",
    }
    assert "hush" not in repr(load(secrets))
    with pytest.raises(InvalidSetting) as refused:
        load({"FSDIALER_REDIS_URL": "http://:hush@a"})
    assert "hush" not in str(refused.value)


def test_dialer_has_a_name_of_its_own_unless_one_is_given():
    assert load({}).dialer_name.rpartition("-")[2].isdigit()
    assert load({"FSDIALER_DIALER_NAME": "east-1"}).dialer_name == "east-1"


def test_recordings_have_a_directory_or_are_not_made():
    assert load({}).recordings == ""
    assert load({"FSDIALER_RECORDINGS": "/var/lib/fsdialer/recordings/"}).recordings == "/var/lib/fsdialer/recordings"


@pytest.mark.parametrize("path", ["recordings", "/a b", "/a/../b", "/a,b", "/${x}", "/a'b", "/" + "x" * 201, "//a"])
def test_directory_that_has_no_place_in_a_command_is_refused(path):
    with pytest.raises(InvalidSetting, match="FSDIALER_RECORDINGS"):
        load({"FSDIALER_RECORDINGS": path})
