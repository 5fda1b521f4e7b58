"""RQ's part: leads made due when their time comes, files loaded. On a real Redis, with a real worker process."""

import io
import json
import os
import signal
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest
from redis.exceptions import RedisError

from fsdialer import jobs, settings
from fsdialer.core.campaigns import Campaign, Company
from fsdialer.core.leads import NewLead
from fsdialer.lab.redis_server import RedisServer
from fsdialer.store import Store, connect, uploads

NOW = 1_795_400_000.0
PATIENCE_S = 60


def set_up(url):
    redis = connect(url)
    redis.sadd("fsdialer:companies", "acme")
    acme = Store(redis).company("acme")
    acme.setup.save_company(Company("acme"))
    acme.setup.save_campaign(Campaign("acme", "spring"))
    return acme


def make_wait(acme, count, until):
    """So many leads that wait for their retry."""
    leads = [NewLead(f"+1212{2_000_000 + n:07d}") for n in range(count)]
    ids = acme.leads.add("spring", leads, NOW).lead_ids
    with acme.redis.pipeline() as pipe:
        for lead in ids:
            pipe.zrem(acme.keys.due("spring"), lead)
            pipe.hset(acme.keys.lead(lead), "state", "waiting")
            pipe.zadd(acme.keys.waiting("spring"), {lead: until})
        pipe.execute()
    return ids


def wait_for(condition, what):
    deadline = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)
    return found


class WorkerProcess:
    """`fsdialer worker`, as systemd would run it."""

    def __init__(self, url):
        environment = {**os.environ, "FSDIALER_REDIS_URL": url}
        environment.pop("FSDIALER_INI", None)
        self.process = subprocess.Popen([sys.executable, "-m", "fsdialer", "worker"], env=environment)

    def children(self):
        found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True)
        return [int(pid) for pid in found.stdout.split()]

    def end(self):
        """In order: a killed worker's connection may still take a job while its scheduler dies."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)


@pytest.fixture
def acme(redis, redis_url, monkeypatch):
    monkeypatch.setenv("FSDIALER_REDIS_URL", redis_url)
    monkeypatch.delenv("FSDIALER_RQ_REDIS_URL", raising=False)
    return set_up(redis_url)


@pytest.fixture
def rq(acme):
    return jobs.queue(settings.load())


@pytest.fixture
def worker(acme, redis_url):
    worker = WorkerProcess(redis_url)
    yield worker
    worker.end()


# -- scheduling ----------------------------------------------------------------------------------------------------


def test_one_job_for_a_campaign_and_second_however_often_it_is_asked_for(rq):
    for at in (NOW + 0.2, NOW + 0.9, NOW + 1.0):
        jobs.schedule_release(rq, "acme", "spring", at)
    second = int(NOW) + 1
    assert rq.scheduled_job_registry.get_job_ids() == [f"release-acme-spring-{second}"]


def test_release_is_never_scheduled_before_the_lead_is_due(rq):
    jobs.schedule_release(rq, "acme", "spring", NOW + 0.001)
    (job,) = rq.scheduled_job_registry.get_job_ids()
    assert rq.scheduled_job_registry.get_scheduled_time(job).timestamp() == NOW + 1


def test_campaigns_and_companies_have_jobs_of_their_own(rq):
    for company, campaign in (("acme", "spring"), ("acme", "autumn"), ("other", "spring")):
        jobs.schedule_release(rq, company, campaign, NOW)
    assert len(rq.scheduled_job_registry.get_job_ids()) == 3


def test_jobs_are_json_so_that_who_writes_to_redis_cannot_run_code(rq):
    jobs.schedule_release(rq, "acme", "spring", NOW)
    (job,) = rq.scheduled_job_registry.get_job_ids()
    data = rq.connection.hget(f"rq:job:{job}", "data")
    raw = data if data.startswith(b"[") else zlib.decompress(data)
    assert json.loads(raw)[0] == "fsdialer.jobs.release_due"


def test_another_prefix_keeps_rqs_keys_apart(redis, redis_url):
    code = (
        "from fsdialer import jobs, settings as s; jobs.schedule_release(jobs.queue(s.load()), 'acme', 'spring', 1e9)"
    )
    environment = {**os.environ, "FSDIALER_REDIS_URL": redis_url, "RQ_KEY_PREFIX": "dialer-rq"}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    names = redis.keys("*")
    assert names and all(name.startswith("dialer-rq:") for name in names)


# -- releasing -----------------------------------------------------------------------------------------------------


def test_release_makes_due_what_has_fallen_due_and_nothing_else_however_often_it_runs(acme):
    due = make_wait(acme, 2500, until=time.time() - 1)
    later = make_wait_more(acme, until=time.time() + 3600)
    assert jobs.release_due("acme", "spring") == 2500
    assert jobs.release_due("acme", "spring") == 0
    assert set(acme.redis.zrange(acme.keys.due("spring"), 0, -1)) == set(due)
    assert acme.redis.zrange(acme.keys.waiting("spring"), 0, -1) == [later]


def make_wait_more(acme, until):
    (lead,) = acme.leads.add("spring", [NewLead("+13125550100")], NOW).lead_ids
    acme.redis.zrem(acme.keys.due("spring"), lead)
    acme.redis.hset(acme.keys.lead(lead), "state", "waiting")
    acme.redis.zadd(acme.keys.waiting("spring"), {lead: until})
    return lead


# -- the worker ----------------------------------------------------------------------------------------------------


def test_worker_says_that_it_works_and_for_which_queue(acme, rq, capfd):
    worker, said = WorkerProcess(os.environ["FSDIALER_REDIS_URL"]), []
    try:
        wait_for(lambda: said.append(capfd.readouterr().err) or "state=started" in "".join(said), "its first words")
        assert f"queue={rq.name}" in "".join(said)
    finally:
        worker.end()


def test_worker_makes_leads_due_at_their_time_and_leaves_no_job_behind(acme, rq, worker):
    (lead,) = make_wait(acme, 1, until=time.time() + 1.5)
    jobs.schedule_release(rq, "acme", "spring", time.time() + 1.5)
    wait_for(lambda: acme.leads.get(lead).state == "due", "the release")
    assert acme.leads.get(lead).state == "due"
    wait_for(lambda: not rq.connection.keys("rq:job:release-*"), "the job's end")


def test_worker_that_shares_no_directory_loads_a_file_reports_and_forgets_it(acme, rq, worker):
    job = jobs.enqueue_import(rq, "acme", "spring", io.BytesIO(b"phone,name\n+12125550100,Ann\nabc,Bob\n"))
    done = wait_for(lambda: rq.fetch_job(job).return_value(), "the import")
    assert (done["error"], done["rows"], done["added"], done["bad"]) == ("", 2, 1, 1)
    assert done["bad_rows"][0][:2] == [3, "number"]
    assert rq.connection.keys("fsdialer:upload:*") == []


def test_sigterm_ends_an_idle_worker_promptly_with_everything_it_started(worker, rq):
    wait_for(worker.children, "the scheduler")
    wait_for(lambda: rq.connection.smembers("rq:workers"), "the worker's registration")
    children = worker.children()
    began = time.monotonic()
    worker.process.send_signal(signal.SIGTERM)
    assert worker.process.wait(5) == 0
    assert time.monotonic() - began < 3
    wait_for(lambda: not any(Path(f"/proc/{child}").exists() for child in children), "the children's end")


def test_killed_worker_leaves_no_scheduler_behind(worker):
    children = wait_for(worker.children, "the scheduler")
    worker.process.kill()
    worker.process.wait()
    wait_for(lambda: not any(Path(f"/proc/{child}").exists() for child in children), "the children's end")


def test_child_whose_worker_was_gone_before_it_could_ask_to_die_with_it_ends_at_once():
    code = "import os, time; from fsdialer import jobs; jobs._die_with_parent(os.getppid() + 1); time.sleep(60)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=PATIENCE_S)


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "with a job"])
def test_worker_goes_on_by_itself_after_redis_was_away(tmp_path, busy):
    server = RedisServer(tmp_path)
    server.start()
    worker = WorkerProcess(server.url)
    try:
        acme, rq = set_up(server.url), jobs.queue(settings.load({"FSDIALER_REDIS_URL": server.url}))
        wait_for(worker.children, "the scheduler")
        if busy:
            job = rq.enqueue("time.sleep", 1)
            wait_for(lambda: rq.fetch_job(job.id).get_status() == "started", "the job's start")
        server.kill()
        time.sleep(1.5)  # long enough for the worker to notice; what it does then is the test
        server.start()
        (lead,) = make_wait(acme, 1, until=time.time() + 1)
        jobs.schedule_release(rq, "acme", "spring", time.time() + 1)
        wait_for(lambda: acme.leads.get(lead).state == "due", "the release after the restart")
        worker.process.send_signal(signal.SIGTERM)
        assert worker.process.wait(8) == 0
    finally:
        worker.end()
        server.stop()


# -- imports -------------------------------------------------------------------------------------------------------


def put(rq, file):
    """A file as it waits for a worker; its id."""
    upload = uploads.new()
    uploads.put(rq.connection, upload, file)
    return upload


def test_import_that_cannot_be_read_says_why_and_forgets_the_file(acme, rq):
    upload = put(rq, io.BytesIO(b"name\nAnn\n"))
    assert "no column for it" in jobs.import_file("acme", "spring", upload)["error"]
    assert rq.connection.keys("fsdialer:upload:*") == []


def test_import_of_an_empty_file_and_of_one_that_is_not_kept_any_more_differ(acme, rq):
    upload = put(rq, io.BytesIO())
    assert "the file is empty" in jobs.import_file("acme", "spring", upload)["error"]
    assert "not kept any more" in jobs.import_file("acme", "spring", upload)["error"]


def test_import_of_many_pieces_is_the_file_as_it_was(rq):
    written = bytes(range(256)) * 10_000
    upload = put(rq, io.BytesIO(written))
    assert rq.connection.llen(f"fsdialer:upload:{upload}") == 3
    assert 0 < rq.connection.ttl(f"fsdialer:upload:{upload}") <= uploads.KEPT_S
    with uploads.taken(rq.connection, upload) as file:
        assert file.read() == written


def test_file_for_which_redis_has_no_room_leaves_nothing_there(rq):
    """Or Redis would stay full for a day, and no lead could be claimed."""
    room = rq.connection.info("memory")["used_memory"] + 8 * 1024 * 1024
    rq.connection.config_set("maxmemory", room)
    try:
        with pytest.raises(RedisError, match="maxmemory"):
            jobs.enqueue_import(rq, "acme", "spring", io.BytesIO(os.urandom(32 * 1024 * 1024)))
    finally:
        rq.connection.config_set("maxmemory", 0)
    assert rq.connection.keys("fsdialer:upload:*") == []


def test_import_that_lost_redis_keeps_the_file_for_the_retry(rq, redis_url, tmp_path, monkeypatch):
    upload = put(rq, io.BytesIO(b"phone\n+12125550100\n"))
    monkeypatch.setenv("FSDIALER_RQ_REDIS_URL", redis_url)
    monkeypatch.setenv("FSDIALER_REDIS_URL", f"unix://{tmp_path}/nobody.sock")
    with pytest.raises(RedisError):
        jobs.import_file("acme", "spring", upload)
    assert rq.connection.exists(f"fsdialer:upload:{upload}")


def test_worker_that_does_not_know_the_directory_of_recordings_fails_and_says_which_variable(
    redis, redis_url, monkeypatch
):
    monkeypatch.setenv("FSDIALER_REDIS_URL", redis_url)
    monkeypatch.delenv("FSDIALER_RECORDINGS", raising=False)
    set_up(redis_url)
    assert jobs.clear_recordings("acme") == 0
    with pytest.raises(settings.InvalidSetting, match="FSDIALER_RECORDINGS"):
        jobs.verify_recordings("acme")
