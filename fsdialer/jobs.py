"""What RQ runs: retries made due, and files loaded. Ids go in, Redis comes out; nothing here ever dials.

The worker must not be patched by gevent (a patched one loses jobs on SIGTERM), so nothing imported here may do that.
Jobs are JSON, not pickles: who can write to Redis must not be able to run code.
"""

import contextlib
import ctypes
import logging
import math
import os
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, Retry, Worker
from rq.exceptions import DuplicateJobError, StopRequested
from rq.serializers import JSONSerializer

from fsdialer import settings as settings_module
from fsdialer.errors import FsdialerError, InvalidSetting
from fsdialer.imports import LoadReport, load_stream
from fsdialer.settings import Settings
from fsdialer.store import CompanyStore, Store, connect, uploads

log = logging.getLogger(__name__)

QUEUE = "fsdialer"
#: Leads made due by one script call: about 10 ms of Redis time.
BATCH = 1000
#: A release is over in a moment; a file of a million rows takes minutes.
RELEASE_TIMEOUT_S, IMPORT_TIMEOUT_S = 60, 3600
#: A batch of long recordings may take so long.
RECORDINGS_TIMEOUT_S = 600
#: Until an import that lost Redis is tried again; until a worker that quit is started anew.
IMPORT_RETRY_S, WORKER_PAUSE_S = 5, 1.0
#: A worker looks after its scheduler this often, and waits 15 s less than its time to live for a job: RQ's own 10
#: minutes would leave retries to the janitor for as long after Redis was away.
MAINTENANCE_S, WORKER_TTL_S = 5, 20
_PR_SET_PDEATHSIG = 1
#: Bad rows of an import that its result keeps.
BAD_ROWS_SHOWN = 100


def release_due(company: str, campaign: str) -> int:
    """Leads whose retry has fallen due go to the lead queue; how many. Run twice, late or never: nothing is lost."""
    leads = _company(company).leads
    total = 0
    while moved := leads.release_due(campaign, time.time(), BATCH):
        total += moved
    return total


def import_file(company: str, campaign: str, upload: str) -> dict[str, Any]:
    """Load an uploaded file and forget it; the report, as the page shows it. `error`: why none of it could be read.

    Should Redis go away meanwhile the file stays, and RQ's retry starts it again: rows already loaded are duplicates.
    """
    report, error = LoadReport(), ""
    redis = queue(settings_module.load()).connection
    try:
        with uploads.taken(redis, upload) as file:
            report = load_stream(file, _company(company), campaign, time.time)
    except FsdialerError as refused:
        error = str(refused)
    uploads.drop(redis, upload)
    return {
        "error": error,
        "rows": report.rows,
        "added": report.added,
        "duplicate_numbers": report.duplicate_numbers,
        "duplicate_ids": report.duplicate_ids,
        "bad": report.bad,
        "bad_rows": [[bad.line, bad.field, bad.reason] for bad in report.bad_rows[:BAD_ROWS_SHOWN]],
    }


def verify_recordings(company: str) -> int:
    """Recordings of calls that ended are looked at, put into their campaign's format and indexed; how many."""
    from fsdialer import recordings  # numpy and libsndfile: half the worker's memory, for those who record

    return recordings.verify(_company(company), _recordings_folder(), time.time())


def clear_recordings(company: str) -> int:
    """Recordings past their keeping time are removed; how many."""
    store = _company(company)
    if not settings_module.load().recordings and not store.recordings.keeping_times():
        return 0  # nothing is recorded here, and nothing ever was
    from fsdialer import recordings

    return recordings.clear(store, _recordings_folder(), time.time())


def queue(settings: Settings) -> Queue:
    """RQ's queue, over a connection of its own: RQ needs bytes where the store has text."""
    redis = Redis.from_url(settings.rq_redis_url, socket_timeout=5, socket_connect_timeout=3)
    return Queue(QUEUE, connection=redis, serializer=JSONSerializer)


def enqueuer(settings: Settings) -> Callable[[str, str, int], None]:
    """What the dialer calls to have leads made due: ``enqueue(company, campaign, second)``."""
    rq = queue(settings)
    return lambda company, campaign, second: schedule_release(rq, company, campaign, second)


def recording_enqueuer(settings: Settings) -> Callable[[str, str, int], None]:
    """What the dialer calls to have recordings looked after: ``enqueue(what, company, slot)``, `what` being verify or
    clear; for one slot it is done once, however often it is asked for."""
    rq = queue(settings)
    work = {"verify": verify_recordings, "clear": clear_recordings}

    def enqueue(what: str, company: str, slot: int) -> None:
        with contextlib.suppress(DuplicateJobError):
            rq.enqueue(
                work[what],
                company,
                job_id=f"{what}-recordings-{company}-{slot}",
                unique=True,
                job_timeout=RECORDINGS_TIMEOUT_S,
                result_ttl=RECORDINGS_TIMEOUT_S,
                failure_ttl=86_400,
            )

    return enqueue


def schedule_release(rq: Queue, company: str, campaign: str, at: float) -> None:
    """One job for the campaign and second, however many leads wait for it and however often it is asked for."""
    second = math.ceil(at)
    try:
        rq.enqueue_at(
            datetime.fromtimestamp(second, UTC),
            release_due,
            company,
            campaign,
            job_id=f"release-{company}-{campaign}-{second}",
            unique=True,
            job_timeout=RELEASE_TIMEOUT_S,
            result_ttl=0,
            failure_ttl=86_400,
        )
    except DuplicateJobError:
        log.debug("campaign=%s second=%d release=already_asked_for", campaign, second)


def enqueue_import(rq: Queue, company: str, campaign: str, file: IO[bytes]) -> str:
    """Have a file loaded by any worker; the job's id. Its result is kept for a day."""
    upload = uploads.new()
    try:
        uploads.put(rq.connection, upload, file)
        job = rq.enqueue(
            import_file,
            company,
            campaign,
            upload,
            job_timeout=IMPORT_TIMEOUT_S,
            result_ttl=86_400,
            retry=Retry(max=3, interval=IMPORT_RETRY_S),
        )
    except RedisError:
        with contextlib.suppress(RedisError):
            uploads.drop(rq.connection, upload)  # Redis may be full because of it, and nobody else could write
        raise
    return job.id


class PatientWorker(Worker):
    """RQ's worker, which remembers that it was asked to stop and waits for a lost Redis for seconds, not a minute."""

    max_connection_wait_time = 2.0
    asked_to_stop = False

    def request_stop(self, signum: Any, frame: Any) -> None:
        """SIGTERM or SIGINT: the present job ends, then the worker."""
        self.asked_to_stop = True
        stop: Callable[[Any, Any], None] = super().request_stop
        stop(signum, frame)


def run_worker(settings: Settings) -> None:
    """Work until SIGTERM, with the scheduler beside. A worker that quits for want of Redis gets a successor."""
    forks: dict[str, int] = {}
    os.register_at_fork(
        before=lambda: forks.update(parent=os.getpid()), after_in_child=lambda: _die_with_parent(forks["parent"])
    )
    former: PatientWorker | None = None
    pause_s = 0.0
    while former is None or not former.asked_to_stop:
        try:
            time.sleep(pause_s)
            pause_s = WORKER_PAUSE_S
            worker = _worker(settings)
            if former is not None and former.scheduler is not None:
                former.scheduler.release_locks()  # else the new one waits a minute for it to expire
            former = worker
            log.info("worker=%s state=started queue=%s", worker.name, worker.queues[0].name)
            worker.work(with_scheduler=True, logging_level="WARNING")
        except RedisError as error:
            log.warning("worker=waiting reason=%s", error)
        except StopRequested:
            return  # the signal came while we waited


def _worker(settings: Settings) -> PatientWorker:
    rq = queue(settings)
    return PatientWorker(
        [rq],
        connection=rq.connection,
        serializer=JSONSerializer,
        worker_ttl=WORKER_TTL_S,
        maintenance_interval=MAINTENANCE_S,
    )


def _die_with_parent(parent: int) -> None:
    """Linux: the scheduler and a running job end with the worker, however it went, also one that has just gone; an
    orphaned scheduler would hold the scheduler's lock, and nobody would see it."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(0)


def _recordings_folder() -> Path:
    folder = settings_module.load().recordings
    if not folder:
        raise InvalidSetting("FSDIALER_RECORDINGS", "not set for the worker: it must name the switch's directory")
    return Path(folder)


def _company(company: str) -> CompanyStore:
    return Store(connect(settings_module.load().redis_url)).company(company)
