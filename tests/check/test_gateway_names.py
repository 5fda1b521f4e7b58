"""Two companies and one gateway's name: refused where it is set up, named where it is there already."""

from fsdialer.cli import main
from fsdialer.core.campaigns import Company
from fsdialer.store import CompanyStore
from tests.check.conftest import wrong

BETA = """
[company.beta]
[company.beta.gateway.trunk]
[company.beta.campaign.autumn]
gateways = ["trunk"]
"""


def apply(runner, tmp_path, redis_url, text):
    (tmp_path / "centre.toml").write_text(text)
    environment = {"FSDIALER_REDIS_URL": redis_url, "FSDIALER_INI": ""}
    return runner.invoke(main, ["apply", str(tmp_path / "centre.toml")], env=environment)


def test_a_file_with_anothers_gateway_is_refused_whole(runner, acme, redis, redis_url, tmp_path):
    refused = apply(runner, tmp_path, redis_url, BETA)
    assert refused.exit_code == 1
    assert "company.beta.gateway.trunk: 'trunk' is another company's gateway on the switch: choose another name" in (
        refused.output
    )
    assert "acme" not in refused.output and "beta" not in redis.smembers("fsdialer:companies")
    assert apply(runner, tmp_path, redis_url, BETA.replace("trunk", "betas")).exit_code == 0


def test_a_file_with_an_operator_behind_anothers_gateway_is_refused(runner, acme, redis_url, tmp_path):
    dial = '[company.beta.operator.bob]\nextension = "1"\ndial = "sofia/gateway/trunk/1001"\n'
    said = apply(runner, tmp_path, redis_url, BETA.replace("trunk", "betas") + dial).output
    assert "company.beta.operator.bob.dial: 'trunk' is another company's gateway" in said
    said = apply(runner, tmp_path, redis_url, BETA.replace("trunk", "b") + dial.replace("trunk/1001", "b/+19005551234"))
    assert "company.beta.operator.bob.dial: +19005551234 is a number that costs the caller extra" in said.output


def test_a_file_that_gives_two_companies_one_name_is_refused(runner, redis, redis_url, tmp_path):
    both = BETA + BETA.replace("beta", "acme")
    assert "company.acme.gateway.trunk: company beta has a gateway of this name" in (
        apply(runner, tmp_path, redis_url, both).output
    )
    apart = both.replace("[company.beta.gateway.trunk]", '[company.beta.gateway.trunk]\nswitches = ["fs2"]')
    apart = apart.replace("[company.acme.gateway.trunk]", '[company.acme.gateway.trunk]\nswitches = ["fs1"]')
    assert apply(runner, tmp_path, redis_url, apart).exit_code == 0


def test_a_name_two_companies_have_already_fails_naming_both(check, acme, running, redis):
    beta = CompanyStore(redis, "beta")
    beta.setup.save_company(Company("beta"))
    redis.hset(beta.keys.gateway("trunk"), "channels", "30")
    redis.sadd(beta.keys.gateways, "trunk")
    lines, code = check()
    what = "gateway trunk of beta is not dialled: on the switch acme has the name"
    assert code == 1 and "another name" in wrong(lines)[what]
