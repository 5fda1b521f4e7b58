"""The command line, on a real Redis: what it does, what it says, how it fails."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from fsdialer.cli import main
from fsdialer.core.leads import NewLead
from fsdialer.store import Store
from fsdialer.store.users import password_matches

ROOT = Path(__file__).parent.parent
SETUP = """
[company.acme]
name = "Acme"
[company.acme.gateway.trunk]
channels = 10
[company.acme.campaign.spring]
mode = "multiplier"
multiplier = 1.16
gateways = ["trunk"]
caller_ids = ["+12125550100"]
[company.acme.operator.ann]
name = "Ann"
extension = "1001"
campaigns = ["spring"]
[company.acme.operator.bob]
name = "Bob"
extension = "1002"
campaigns = ["spring"]
"""


@pytest.fixture
def cli(redis, redis_url, tmp_path, monkeypatch):
    """Run a command; its result. A FILE argument `setup` or `leads` is written from the text given."""
    for name in ("FSDIALER_INI", "FSDIALER_RQ_REDIS_URL", "FSDIALER_SWITCHES", "FSDIALER_LISTEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FSDIALER_REDIS_URL", redis_url)
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()

    def run(*arguments, stdin=None, env=None, fails=False, **files):
        for name, text in files.items():
            (tmp_path / name).write_text(text)
        result = runner.invoke(main, arguments, input=stdin, env=env)
        assert result.exit_code == int(fails), result.output
        assert "Traceback" not in result.output
        return result

    return run


@pytest.fixture
def acme(cli, redis):
    cli("apply", "setup", setup=SETUP)
    return Store(redis).company("acme")


def everything(redis):
    """All of Redis but the feed, which grows with each save."""
    readers = {"hash": redis.hgetall, "set": redis.smembers, "string": redis.get}
    return {key: readers[redis.type(key)](key) for key in redis.scan_iter("*") if not key.endswith(":feed")}


# -- apply and export ----------------------------------------------------------------------------------------------


def test_apply_makes_redis_match_the_file(cli, acme):
    assert str(acme.setup.campaign("spring").multiplier) == "1.16"
    assert [operator.extension for operator in acme.setup.operators()] == ["1001", "1002"]


def test_applying_a_file_twice_changes_nothing(cli, redis):
    with_password = SETUP.replace('name = "Ann"', 'name = "Ann"\npassword_env = "ANN_PASSWORD"')
    environment = {"ANN_PASSWORD": "quite secret"}
    cli("apply", "setup", setup=with_password, env=environment)
    before = everything(redis)
    cli("apply", "setup", env=environment)
    assert everything(redis) == before
    user = Store(redis).company("acme").users.get("ann")
    assert password_matches(user.password_hash, "quite secret")


def test_export_apply_export_is_identical(cli, acme, redis):
    first = cli("export").stdout
    redis.flushall()
    cli("apply", "setup", setup=first)
    assert cli("export").stdout == first
    assert "multiplier = 1.16" in first


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("multiplier = 1.16", "multiplyer = 1.16"), "company.acme.campaign.spring.multiplyer: unknown key"),
        (('extension = "1002"', 'extension = "1001"'), "operator.bob.extension: '1001' belongs to operator ann"),
        (('name = "Ann"', 'password_env = "NOT_SET_ANYWHERE"'), "$NOT_SET_ANYWHERE is not set"),
    ],
)
def test_wrong_file_is_refused_whole(cli, redis, change, said):
    assert change[0] in SETUP
    result = cli("apply", "setup", setup=SETUP.replace(*change), fails=True)
    assert said in result.stderr
    assert "nothing was changed" in result.stderr
    assert redis.keys("*") == []


def test_operators_may_exchange_extensions_in_one_file(cli, acme):
    swapped = SETUP.replace('"1001"', '"X"').replace('"1002"', '"1001"').replace('"X"', '"1002"')
    cli("apply", "setup", setup=swapped)
    assert (acme.setup.operator("ann").extension, acme.setup.operator("bob").extension) == ("1002", "1001")


def without_bob(setup=SETUP):
    return setup[: setup.index("[company.acme.operator.bob]")]


def test_what_the_file_does_not_have_is_named_and_left(cli, acme):
    result = cli("apply", "setup", setup=without_bob())
    assert "not in the file, left as it is: operator bob" in result.stdout
    assert acme.setup.operator("bob").extension == "1002"


def test_extension_of_an_operator_who_is_not_in_the_file_is_refused(cli, acme):
    taken = without_bob().replace('"1001"', '"1002"')
    result = cli("apply", "setup", setup=taken, fails=True)
    assert "'1002' belongs to operator bob, who is not in the file" in result.stderr
    assert acme.setup.operator("ann").extension == "1001"


def test_prune_removes_operators_and_gateways_and_switches_campaigns_off(cli, acme):
    more = (
        '\n[company.acme.gateway.spare]\n[company.acme.campaign.autumn]\nmode = "progressive"\ngateways = ["spare"]\n'
    )
    cli("apply", "setup", setup=SETUP + more)
    result = cli("apply", "--prune", "setup", setup=without_bob())
    assert "removed: operator bob" in result.stdout
    assert [each.id for each in acme.setup.operators()] == ["ann"]
    assert [each.name for each in acme.setup.gateways()] == ["trunk"]
    assert {each.id: each.mode for each in acme.setup.campaigns()} == {"autumn": "off", "spring": "multiplier"}


def test_prune_refuses_whole_while_an_operator_it_would_remove_is_on_the_line(cli, acme):
    cli("operator", "on", "bob")
    changed = without_bob().replace('name = "Acme"', 'name = "Changed"')
    result = cli("apply", "--prune", "setup", setup=changed, fails=True)
    assert "operator.bob: not in the file, but on the line (available)" in result.stderr
    assert acme.setup.company().name == "Acme"


# -- leads ---------------------------------------------------------------------------------------------------------

LEADS = "id,phone,name\nA,(212) 555-0100,Ann\nB,nonsense,Bob\nC,(212) 555-0101,Cid\n"


def test_load_reports_every_bad_row_and_keeps_the_good_ones(cli, acme):
    result = cli("load", "leads", "--campaign", "spring", leads=LEADS)
    assert "3 rows: 2 added" in result.stdout and "1 bad" in result.stdout
    assert "line 3: number: 'nonsense' is not a telephone number" in result.stderr
    assert acme.leads.counts("spring")["due"] == 2
    assert "0 added, 2 with a number the campaign has" in cli("load", "leads", "--campaign", "spring").stdout


def test_load_of_a_file_without_numbers_fails_and_says_why(cli, acme):
    assert "no column for it" in cli("load", "leads", "--campaign", "spring", leads="name\nAnn\n", fails=True).stderr


def test_load_into_an_unknown_campaign_fails(cli, acme):
    assert "no campaign 'winter'" in cli("load", "leads", "--campaign", "winter", leads=LEADS, fails=True).stderr


def test_queued_load_leaves_a_copy_to_the_worker_and_the_users_file_alone(cli, acme, tmp_path):
    from rq import SimpleWorker
    from rq.serializers import JSONSerializer

    from fsdialer import jobs, settings

    assert "Queued as job" in cli("load", "leads", "--campaign", "spring", "--queue", leads=LEADS).stdout
    assert acme.leads.counts("spring")["total"] == 0
    rq = jobs.queue(settings.load())
    SimpleWorker([rq], connection=rq.connection, serializer=JSONSerializer).work(burst=True)
    assert acme.leads.counts("spring")["total"] == 2
    assert (tmp_path / "leads").read_text() == LEADS


def test_pacing_explain_shows_the_last_decision_its_figures_and_those_before(cli, acme):
    assert "no decision yet" in cli("pacing", "explain", "--campaign", "spring").stdout
    for second in range(3):
        decision = {"at": f"2026-11-23T10:00:0{second}.000Z", "calls": str(second), "reason": f"[{second}] free"}
        acme.pacing.save("spring", {**decision, "in_flight": "7"}, keep=True)
    said = cli("pacing", "explain", "--campaign", "spring", "--last", "2").stdout
    assert "acme/spring, 2026-11-23T10:00:02.000Z: [2] free" in said
    assert "in flight                7" in said
    assert said.rindex("10:00:02") < said.index("10:00:01")
    assert "10:00:00" not in said
    assert "no campaign 'winter'" in cli("pacing", "explain", "--campaign", "winter", fails=True).stderr


@pytest.mark.parametrize("named", ["1", "+12125550100", "212 555 0100"])
def test_why_explains_a_lead_by_id_or_number(cli, acme, named):
    acme.leads.add("spring", [NewLead("+12125550100", "Ann Lee")], time.time())
    said = cli("why", named).stdout
    assert "Ann Lee" in said
    assert "It is due: number 1 in the queue." in said
    assert "No operator is on the line." in said


def test_why_of_an_unknown_lead_fails(cli, acme):
    assert "no lead '99'" in cli("why", "99", fails=True).stderr
    assert "no lead with number +12125550199" in cli("why", "+12125550199", fails=True).stderr


# -- operators and users -------------------------------------------------------------------------------------------


def test_operator_is_put_on_the_line_paused_and_taken_off(cli, acme):
    assert cli("operator", "on", "ann", "--campaign", "spring").stdout == "ann: available\n"
    assert acme.operators.view("ann").via == "cli"
    assert cli("operator", "pause", "ann", "--reason", "Lunch").stdout == "ann: paused\n"
    assert acme.operators.view("ann").reason == "Lunch"
    for _ in range(2):
        assert cli("operator", "off", "ann", "--campaign", "spring").stdout == "ann: off\n"


def test_operator_of_another_campaign_is_refused(cli, acme):
    assert "is not of campaign 'winter'" in cli("operator", "on", "ann", "--campaign", "winter", fails=True).stderr
    assert "no operator 'zoe'" in cli("operator", "on", "zoe", fails=True).stderr


def test_company_must_be_named_only_when_there_are_several(cli, acme):
    cli("apply", "setup", setup=SETUP.replace("acme", "bolt").replace("trunk", "bolts"))
    assert "name the company with --company: there are acme, bolt" in cli("operator", "on", "ann", fails=True).stderr
    cli("operator", "on", "ann", "--company", "bolt")


@pytest.mark.parametrize(
    ("options", "stdin", "environment"),
    [
        ([], "quite secret\nquite secret\n", {}),
        (["--password-stdin"], "quite secret\n", {}),
        (["--password-env", "NEW"], None, {"NEW": "quite secret"}),
    ],
    ids=["asked", "stdin", "environment"],
)
def test_user_is_added_with_a_password_that_never_stood_on_the_command_line(cli, acme, options, stdin, environment):
    cli("user", "add", "ann", *options, stdin=stdin, env=environment)
    user = acme.users.get("ann")
    assert (user.role, user.operator, user.name) == ("operator", "ann", "Ann")
    assert password_matches(user.password_hash, "quite secret")


def test_user_with_a_short_password_or_without_a_seat_is_refused(cli, acme):
    assert "8 characters" in cli("user", "add", "ann", "--password-stdin", stdin="short\n", fails=True).stderr
    assert (
        "no operator 'zoe'" in cli("user", "add", "zoe", "--password-stdin", stdin="long enough\n", fails=True).stderr
    )
    cli("user", "add", "boss", "--role", "admin", "--password-stdin", stdin="long enough\n")
    assert acme.users.get("boss").operator == ""


# -- seeing --------------------------------------------------------------------------------------------------------


def test_status_shows_operators_leads_and_that_no_dialer_runs(cli, acme):
    acme.leads.add("spring", [NewLead("+12125550100")], time.time())
    cli("operator", "on", "ann")
    said = cli("status").stdout
    assert "acme/spring (multiplier)" in said
    assert "available 1" in said and "due 1" in said
    assert "No dialer is running" in said


def test_status_shows_the_alerts_that_stand(cli, acme):
    acme.alerts.say("recording-missing.spring", "There is no recording.", 1000.0)
    acme.alerts.say("gateway.trunk", "It is down.", 1000.0)
    acme.alerts.clear("gateway.trunk", 1001.0)
    said = cli("status").stdout
    assert "ALERT acme: There is no recording. (since 1970-01-01" in said and "It is down" not in said
    (alert,) = json.loads(cli("status", "--json").stdout)["alerts"]
    assert (alert["company"], alert["name"]) == ("acme", "recording-missing.spring")


def test_status_as_json_is_one_object_for_programs(cli, acme):
    cli("operator", "on", "ann")
    (campaign,) = json.loads(cli("status", "--json").stdout)["campaigns"]
    assert campaign["company"] == "acme" and campaign["campaign"] == "spring"
    assert campaign["operators"] == {"available": 1}


# -- failing -------------------------------------------------------------------------------------------------------


def test_redis_that_is_not_there_is_one_clear_line(cli, tmp_path):
    result = cli("status", env={"FSDIALER_REDIS_URL": f"unix://{tmp_path}/nobody.sock"}, fails=True)
    assert result.stderr.count("\n") == 1
    assert "Redis cannot be reached" in result.stderr and "FSDIALER_REDIS_URL" in result.stderr


def run_alone(code, *arguments):
    """In a process of its own, where nothing is imported yet."""
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.mark.parametrize(("verb", "variable"), [("dial", "FSDIALER_SWITCHES"), ("web", "FSDIALER_SECRET_KEY")])
def test_process_without_what_it_needs_says_which_variable(cli, verb, variable):
    done = run_alone("from fsdialer.cli import main; main()", verb)
    assert done.returncode == 1
    assert f"{variable}: not set" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("verb", ["dial", "web"])
def test_gevent_patches_before_anything_it_would_have_to_patch_is_loaded(cli, verb):
    """Patching `ssl` after redis loaded it is warned of, and may recurse for ever on a rediss:// URL."""
    assert "MonkeyPatchWarning" not in run_alone("from fsdialer.cli import main; main()", verb).stderr


def test_help_loads_neither_redis_nor_gevent_nor_rq():
    code = (
        "import sys; from fsdialer.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: sys.exit(bool({'redis', 'gevent', 'rq', 'phonenumbers'} & set(sys.modules)))"
    )
    done = run_alone(code)
    assert done.returncode == 0
    for verb in (
        "apply",
        "export",
        "load",
        "operator",
        "status",
        "why",
        "check",
        "machines",
        "pacing",
        "user",
        "dial",
        "worker",
        "web",
    ):
        assert f"\n  {verb} " in done.stdout
