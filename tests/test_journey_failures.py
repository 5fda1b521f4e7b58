"""Every process dies once, at the worst moment, and the work goes on: real processes, sockets, Redis and RQ.

Faults at random and all together are `test_journey_chaos.py`'s; here each has its own test. The switch and the way to
it are `engine/test_cut_off.py`'s.
"""

import os
import signal
import time
from decimal import Decimal

import pytest

from fsdialer import jobs, settings
from fsdialer.core.campaigns import Mode, RetryDelays, Station
from fsdialer.lab.redis_server import RedisServer
from tests.journey import Centre, Process, wait_until

TALKS, TALKS_TOO, BUSY, NO_ANSWER = "+12125550200", "+13125550200", "+12125550486", "+12125550408"
#: A busy lead comes again after so many seconds.
SOON_S = 1.5
SOON = RetryDelays(missed=SOON_S / 60, unavailable=SOON_S / 60, busy=SOON_S / 60, technical=SOON_S / 60)


@pytest.fixture
def centre(redis_url, redis, tmp_path):
    """Opens a call centre; closed, whatever happened, at the end."""
    open_centres = []

    def centre(*options, url=redis_url, **campaign):
        open_centres.append(Centre(url, tmp_path, *options, **campaign))
        return open_centres[-1]

    yield centre
    for each in open_centres:
        each.stop()


@pytest.fixture
def worker(redis_url, tmp_path):
    """Starts `fsdialer worker`; the last one is stopped in order."""
    workers = []

    def worker():
        log = tmp_path / f"worker-{len(workers)}.log"
        workers.append(Process(log, "fsdialer", "worker", env={"FSDIALER_REDIS_URL": redis_url}))
        return workers[-1]

    yield worker
    for each in workers:
        if each.child.poll() is None:
            each.stop()


@pytest.fixture
def own_redis(tmp_path):
    """A Redis server that a test may kill."""
    server = RedisServer(tmp_path / "redis")
    server.start()
    yield server
    server.stop()


def rq_of(redis_url):
    return jobs.queue(settings.load({"FSDIALER_REDIS_URL": redis_url}))


def worker_is_ready(redis):
    wait_until(lambda: redis.smembers("rq:workers") and redis.keys("rq:scheduler-lock:*"), 15, "the RQ worker")


def make_wait(centre, count, until):
    """So many leads that wait for their retry, written straight into the store's keys."""
    keys = centre.store.keys
    script = """
        for n = 1, tonumber(ARGV[1]) do
          local id, number = 'bulk' .. n, '+1212' .. (2000000 + n)
          redis.call('HSET', KEYS[1] .. id, 'campaign', 'spring', 'number', number, 'state', 'waiting', 'attempts', 1)
          redis.call('ZADD', KEYS[2], ARGV[2], id)
          redis.call('HSET', KEYS[3], number, id)
        end"""
    centre.redis.eval(script, 3, keys.lead(""), keys.waiting("spring"), keys.leads("spring"), count, until)
    return [f"bulk{n}" for n in range(1, count + 1)]


def in_exactly_one_queue(centre, leads):
    keys, redis = centre.store.keys, centre.redis
    due = redis.zrange(keys.due("spring"), 0, -1)
    waiting = redis.zrange(keys.waiting("spring"), 0, -1)
    return sorted(due + waiting) == sorted(leads)


def released_together(centre, leads):
    waiting = centre.store.keys.waiting("spring")
    wait_until(lambda: not centre.redis.zcard(waiting), 60, "the release", every_s=0.1)
    assert in_exactly_one_queue(centre, leads)


# -- retries by RQ -------------------------------------------------------------------------------------------------


def test_a_busy_lead_is_made_due_again_by_rqs_job_and_called_again(centre, worker, redis, redis_url):
    worker()
    c = centre(retry_min=SOON, max_attempts=2)
    worker_is_ready(redis)
    c.on_line("1001")
    lead = c.add_lead(BUSY)
    record = wait_until(lambda: (x := c.lead(lead)).state == "waiting" and x, what="the lead to wait")
    scheduled = wait_until(rq_of(redis_url).scheduled_job_registry.get_job_ids, what="RQ to be asked")
    assert [job.rsplit("-", 1)[0] for job in scheduled] == ["release-acme-spring"]
    assert record.next_at <= int(scheduled[0].rsplit("-", 1)[1]) < record.next_at + 1
    wait_until(lambda: c.lead(lead).state == "done", 12, "the second attempt to be over")
    assert c.switch.counts()["attempts_per_number"] == {BUSY: 2}
    assert (c.today()["attempts"], c.today()["busy"]) == (2, 2)
    c.audit()


def test_rqs_worker_killed_the_janitor_releases_what_is_overdue_within_two_seconds(centre, worker, redis):
    rq_worker = worker()
    c = centre(retry_min=SOON)
    worker_is_ready(redis)
    c.on_line("1001")
    lead = c.add_lead(BUSY)
    due_at = wait_until(lambda: c.lead(lead).next_at, what="the lead to wait")
    rq_worker.kill()
    called = wait_until(lambda: c.switch.counts()["attempts_per_number"][BUSY] == 2 and time.time(), 8, "the retry")
    assert called - due_at < 2.5, "two seconds, and what a busy machine takes to dial and be seen dialling"
    assert c.dialer.said("released=1 by=janitor")


def test_rq_wiped_loses_nothing_and_doubles_nothing(centre, worker, redis):
    worker()
    c = centre(retry_min=SOON, max_attempts=2)
    worker_is_ready(redis)
    c.on_line("1001", "1002")
    numbers = [f"+1{area}5550486" for area in range(212, 220)]
    leads = [c.add_lead(number) for number in numbers]
    wait_until(lambda: c.today().get("busy", 0) >= 1, what="the first busy lead")
    for key in redis.scan_iter("rq:*"):
        redis.delete(key)
    wait_until(lambda: all(c.lead(lead).state == "done" for lead in leads), 20, "every lead's second attempt")
    assert c.switch.counts()["attempts_per_number"] == dict.fromkeys(numbers, 2)
    c.audit()


def test_rqs_job_releases_a_hundred_thousand_retries_of_the_same_minute_at_once(centre, worker, redis, redis_url):
    worker()
    c = centre()
    worker_is_ready(redis)
    c.dialer.stop()  # and with it the janitor: the job alone has the work
    leads = make_wait(c, 100_000, until=time.time())
    jobs.schedule_release(rq_of(redis_url), "acme", "spring", time.time())
    released_together(c, leads)


def test_the_janitor_does_the_same_when_rq_is_gone(centre):
    c = centre()
    leads = make_wait(c, 100_000, until=time.time())
    released_together(c, leads)
    wait_until(lambda: c.dialer.said("by=janitor"), what="the janitor to say so")


# -- Redis ---------------------------------------------------------------------------------------------------------


def test_redis_killed_and_started_again_the_dialer_goes_on_by_itself(centre, own_redis):
    c = centre(url=own_redis.url)
    c.on_line("1001", "1002")
    lead = c.add_lead(TALKS)
    call = c.talking(lead)
    own_redis.kill()
    c.switch.api(f"uuid_kill {call['uuid']}")
    wait_until(lambda: c.dialer.said("redis=away|Connection|connection"), what="the dialer to miss Redis")
    own_redis.start()
    assert c.disposition(lead).disposition == "answered"
    c.talking(c.add_lead(TALKS_TOO))
    assert c.operator("1001").state != "off" and c.operator("1002").state != "off"
    assert c.switch.counts()["attempts_per_number"] == {TALKS: 1, TALKS_TOO: 1}


def test_redis_frozen_for_two_seconds_is_survived(centre, own_redis):
    c = centre(url=own_redis.url)
    c.on_line("1001")
    lead = c.add_lead(TALKS)
    call = c.talking(lead)
    server = c.redis.info("server")["process_id"]
    os.kill(server, signal.SIGSTOP)
    try:
        c.switch.api(f"uuid_kill {call['uuid']}")
        time.sleep(2)  # so long it is away; what happens then is the test
    finally:
        os.kill(server, signal.SIGCONT)
    assert c.disposition(lead).disposition == "answered"
    c.talking(c.add_lead(TALKS_TOO))
    assert c.today()["attempts"] == 2


# -- the dialer ----------------------------------------------------------------------------------------------------


def test_dialer_killed_while_the_customer_rings_finishes_the_attempt_once(centre):
    c = centre(ring_s=3)
    c.on_line("1001")
    lead = c.add_lead(NO_ANSWER)
    wait_until(lambda: c.call_of(lead).get("state") == "ringing", what="the customer's phone to ring")
    c.dialer.kill()
    c.start_dialer()
    record = closed(c, lead)
    assert (record.disposition, record.attempts) == ("missed", 1)
    assert c.switch.counts()["attempts_per_number"] == {NO_ANSWER: 1}
    assert c.today()["attempts"] == 1
    c.audit()


def closed(centre, lead, timeout_s=25):
    """The lead's record once its attempt has ended, which a dialer that has just come may take a while to learn."""
    return wait_until(
        lambda: centre.lead(lead).disposition and centre.lead(lead), timeout_s, f"lead {lead} to be closed"
    )


def test_dialer_killed_while_an_answered_customer_waits_abandons_them_once(centre):
    c = centre(station=Station.RING, max_wait_s=3.0)
    c.switch.lab("phone 1001 noanswer")
    c.on_line("1001")
    lead = c.add_lead(TALKS)
    wait_until(lambda: c.operator("1001").state == "reserved", what="the customer to wait for 1001")
    c.dialer.kill()
    c.start_dialer()
    record = closed(c, lead)
    assert (record.disposition, record.detail) == ("abandoned", "No free operators")
    today = c.today()
    assert (today["attempts"], today["answers"], today["abandoned"]) == (1, 1, 1)
    assert c.switch.counts()["attempts_per_number"] == {TALKS: 1}
    c.audit()


def test_a_customer_who_waits_when_the_dialer_is_killed_is_connected_by_the_next_one(centre):
    c = centre(max_wait_s=60.0, mode=Mode.MULTIPLIER, multiplier=Decimal(2))
    c.on_line("1001")
    leads = [c.add_lead(TALKS), c.add_lead(TALKS_TOO)]

    def states():
        return sorted(c.call_of(lead).get("state", "") for lead in leads)

    wait_until(lambda: states() == ["talking", "waiting"], what="one of two customers to wait")
    c.dialer.kill()
    c.start_dialer()
    (first,) = [call for lead in leads if (call := c.call_of(lead))["state"] == "talking"]
    c.store.feed.publish("wish", what="hangup", operator="1001", call=first["uuid"])
    wait_until(lambda: states() == ["ended", "talking"], 15, "the other one to be talked to")


@pytest.mark.parametrize("station", [Station.NAILED, Station.RING])
def test_dialer_killed_during_a_talk_leaves_the_talk_alone_and_counts_it_once(centre, station):
    c = centre(station=station)
    c.on_line("1001", "1002")
    lead = c.add_lead(TALKS)
    call = c.talking(lead)
    free = "1002" if call["operator"] == "1001" else "1001"
    channels = c.channels()
    c.dialer.kill()
    c.start_dialer()
    wait_until(lambda: c.dialer.said(f"call={call['uuid']}.*adopted=yes"), what="the call to be adopted")
    c.talking(c.add_lead(TALKS_TOO))
    assert c.operator(call["operator"]).state == "on_call"
    assert c.operator(call["operator"]).call == call["uuid"]
    wait_until(lambda: c.operator(free).state == "on_call", what="the other operator to talk")
    assert channels <= c.channels(), "nobody's line was hung up"
    c.switch.api(f"uuid_kill {call['uuid']}")
    assert closed(c, lead).disposition == "answered"
    wait_until(lambda: c.operator(call["operator"]).state == "available", what="the operator to be free")
    assert (c.today()["attempts"], c.today()["bridges"]) == (2, 2)


def test_operators_lines_outlive_the_dialer(centre):
    c = centre()
    c.on_line("1001", "1002")
    legs = {c.operator(o).leg for o in ("1001", "1002")}
    c.dialer.kill()
    c.start_dialer()
    lead = c.add_lead(TALKS)
    assert c.talking(lead)["leg"] in legs
    assert {c.operator(o).leg for o in ("1001", "1002")} == legs
    assert len(c.channels()) == 3


def test_the_line_of_an_operator_who_left_it_while_no_dialer_ran_is_hung_up(centre):
    c = centre()
    c.on_line("1001", "1002")
    c.dialer.kill()
    c.store.operators.leave_line("1001", time.time())
    c.start_dialer()
    wait_until(lambda: c.channels() == c.held_phones(), 25, "the line to be hung up")
    assert c.operator("1002").leg in c.channels()


def test_the_second_dialer_takes_over_within_the_lease_and_calls_go_on(centre):
    c = centre()
    c.on_line("1001", "1002")
    lead = c.add_lead(TALKS)
    call = c.talking(lead)
    second = c.start_dialer("d2")
    wait_until(lambda: second.said(r"switch=fs1 up=True"), what="d2 to reach the switch")
    c.dialers[0].kill()
    killed = time.monotonic()
    wait_until(lambda: c.store.ownership.owner("spring").startswith("d2#"), 10, "d2 to own the campaign")
    assert time.monotonic() - killed < 8  # a lease of 6 s, looked at every second
    c.talking(c.add_lead(TALKS_TOO))
    assert c.operator(call["operator"]).call == call["uuid"]
    assert c.switch.api(f"uuid_exists {call['uuid']}") == "true"
    assert c.switch.counts()["attempts_per_number"] == {TALKS: 1, TALKS_TOO: 1}


@pytest.mark.parametrize("asked", ["hang up", "machine"])
def test_what_an_operator_asked_for_while_no_dialer_ran_is_done_by_the_next_one(centre, asked):
    c = centre(wrap_up_s=0.0)
    c.on_line("1001")
    call = c.talking(c.add_lead(TALKS))
    c.dialer.kill()
    if asked == "machine":
        c.store.operators.save_outcome("1001", call["uuid"], "machine", "", None, time.time())
    else:
        c.store.feed.publish("wish", what="hangup", operator="1001", call=call["uuid"])
    c.start_dialer()
    wait_until(lambda: c.switch.api(f"uuid_exists {call['uuid']}") == "false", 15, "the customer's line to be ended")
    wait_until(lambda: c.operator("1001").state == "available", what="the operator to be free")
    c.audit()
