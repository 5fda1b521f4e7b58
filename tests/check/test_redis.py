"""A Redis and an RQ that look well and are not, and settings that cannot be read: `check` says so, and goes on."""

import json

import pytest

from fsdialer.core.campaigns import Company, Gateway
from fsdialer.lab.redis_server import RedisServer
from fsdialer.store import CompanyStore, connect
from fsdialer.verbs.check.ours import look_at_redis
from tests.check.conftest import good, wrong
from tests.journey import wait_until


@pytest.fixture
def other(tmp_path):
    """A Redis of the test's own, that may be spoilt; its client."""
    server = RedisServer(tmp_path)
    server.start()
    client = connect(server.url)
    yield client
    client.close()
    server.stop()


def failures(redis):
    return {finding.what: finding.mend for finding in look_at_redis(redis) if finding.level == "fail"}


def test_one_that_takes_what_is_written_is_left_as_it_was(other):
    assert failures(other) == {}
    assert other.keys("*") == []


def test_one_whose_memory_is_full_is_found_although_it_answers(other):
    other.config_set("maxmemory", "1")
    [(what, mend)] = failures(other).items()
    assert what.startswith("Redis takes nothing: ") and "maxmemory is reached" in mend


def test_one_that_could_not_save_is_found(other, tmp_path):
    other.config_set("save", "3600 1")
    (tmp_path / "dump.rdb").mkdir()  # it cannot be replaced by a file
    other.set("a", "b")
    other.bgsave()
    wait_until(lambda: other.info("persistence")["rdb_last_bgsave_status"] == "err", what="the save to fail")
    found = failures(other)
    assert "room on the disk" in next(mend for what, mend in found.items() if "takes nothing: MISCONF" in what)
    assert "Redis: its last save to disk failed (rdb_last_bgsave_status)" in found


def test_a_replica_is_found(other):
    other.replicaof("127.0.0.1", 1)
    found = failures(other)
    assert "Redis is a slave: it follows 127.0.0.1" in found
    assert "it is a replica" in next(mend for what, mend in found.items() if "takes nothing" in what)


def test_a_worker_that_was_killed_does_not_count(check, running, redis):
    assert good(check()[0], "RQ workers: 1")
    redis.delete("rq:worker:w1")  # as it goes after its last word; the list keeps the name
    assert "fsdialer worker" in wrong(check()[0])["RQ workers: 0"]


@pytest.mark.parametrize(("key", "field"), [("gateway:betas", "channels"), ("operator:bob", "station")])
def test_a_company_edited_into_nonsense_is_one_finding_and_the_others_are_looked_at(check, running, redis, key, field):
    beta = CompanyStore(redis, "beta")
    beta.setup.save_company(Company("beta"))
    beta.setup.save_gateway(Gateway("beta", "betas"))
    redis.sadd(beta.keys.operators, "bob")
    redis.hset(beta.keys.operator("bob"), "extension", "2001")
    redis.hset(f"{beta.keys.root}:{key}", field, "nonsense")
    lines, code = check(FSDIALER_SECRET_KEY="k" * 40)
    [(what, mend)] = wrong(lines).items()
    assert code == 1 and what.startswith(f"settings of beta: fsdialer:{{beta}}:{key}.{field}: ") and "HSET" in mend
    assert good(lines, "gateway trunk is UP") and good(lines, "test call to the echo")
    told = json.loads("\n".join(check("--json", FSDIALER_SECRET_KEY="k" * 40)[0]))
    assert told["ok"] is False and len(told["findings"]) > 15
