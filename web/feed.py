"""The live feed to browsers: server-sent events, the whole truth at once and again after every change.

One reader for each company and web process follows the Redis stream and hands entries to the streams that are open; a
stream whose queue is full is not waited for: it sends the whole truth next time anyway. Whether an operator's page is
still there no stream can tell: the page answers each sign of life with one of its own (`operators.seen`).
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from queue import Empty, Full, Queue
from typing import Any

from flask import Blueprint, Response, current_app, g
from redis.exceptions import RedisError

from fsdialer.errors import NotFound
from fsdialer.store import CompanyStore, Store, connect
from web.auth import signed_in, still_signed_in
from web.views import operator_view

log = logging.getLogger(__name__)
blueprint = Blueprint("feed", __name__)

#: Seconds between signs of life on a stream.
PING_S = 5.0
#: How long the reader waits for the stream at a time (ms), and entries a browser's stream may be behind.
BLOCK_MS, BEHIND = 5000, 100
#: Milliseconds after which a browser connects again.
RETRY_MS = 1000

#: For an operator who was removed.
GONE = "You are set up as an operator no longer: ask your administrator."

Stream = Queue[dict[str, str]]


class Hub:
    """The readers of this process, one for each company somebody looks at."""

    def __init__(self, redis_url: str) -> None:
        self._redis_url = redis_url
        self._lock = threading.Lock()
        self._streams: dict[str, set[Stream]] = {}

    def subscribe(self, company: str) -> Stream:
        """A queue that gets the company's entries from now on: whoever reads the truth afterwards misses nothing."""
        stream: Stream = Queue(BEHIND)
        with self._lock:
            if company not in self._streams:
                after = self._newest(company)
                threading.Thread(target=self._read, args=(company, after), daemon=True).start()
            self._streams.setdefault(company, set()).add(stream)
        return stream

    def unsubscribe(self, company: str, stream: Stream) -> None:
        """No more entries."""
        with self._lock:
            self._streams.get(company, set()).discard(stream)

    def _newest(self, company: str) -> str:
        """Where the company's feed stands; empty when Redis cannot say."""
        try:
            return Store(connect(self._redis_url)).company(company).feed.last_id()
        except RedisError as error:
            log.warning("company=%s feed=unread reason=%s", company, error)
            return ""

    def _read(self, company: str, after: str) -> None:
        """For ever: Redis away for a while is a pause; afterwards every stream sends the truth again."""
        while True:
            try:
                feed = Store(connect(self._redis_url, block_s=BLOCK_MS / 1000)).company(company).feed
                if not after:
                    after = feed.last_id()
                    self._hand_out(company, {"type": "again"})
                while True:
                    for entry_id, entry in feed.read(after, BLOCK_MS):
                        after = entry_id
                        self._hand_out(company, entry)
            except RedisError as error:
                log.warning("company=%s feed=interrupted reason=%s", company, error)
                time.sleep(1)
                self._hand_out(company, {"type": "again"})

    def _hand_out(self, company: str, entry: dict[str, str]) -> None:
        with self._lock:
            streams = list(self._streams.get(company, ()))
        for stream in streams:
            try:
                stream.put_nowait(entry)
            except Full:
                continue  # it has plenty to wake up for already


@blueprint.route("/s/<seat>/feed")
@signed_in("operator")
def operator_feed() -> Response:
    """The operator's own stream: event ``view`` with everything the page shows."""
    me = g.me
    hub = current_app.extensions["fsdialer.hub"]
    return _sse(_operator_stream(hub, me.company, me.operator, still_signed_in("operator")))


def _operator_stream(
    hub: Hub, company: CompanyStore, operator: str, still: Callable[[], bool] = lambda: True
) -> Iterator[str]:
    """Ends when they may not have it any more, but not in a talk: the page with their phone in it would be left."""
    stream = hub.subscribe(company.id)
    arrived = False
    try:
        yield f"retry: {RETRY_MS}\n\n"
        call, until = "", None
        changed = True
        while True:
            now = time.time()
            try:
                if not call and not still():
                    return
                if not arrived:
                    company.operators.seen(operator)
                    arrived = True
                if changed:
                    view = operator_view(company, operator, now)
                    call, until = view["call"], view["phone_test"]["until"]
                    yield _event("view", view)
                else:
                    yield "event: alive\ndata:\n\n"
                changed = False
            except NotFound:  # removed while the page is open
                yield _event("trouble", {"reason": GONE})
                changed = True
            except RedisError:  # what has changed stays to be told
                yield _event("trouble", {"reason": "The server cannot reach its database; trying again."})
            changed = _wait(stream, operator, call) or changed or (until is not None and time.time() >= until)
    finally:
        hub.unsubscribe(company.id, stream)


def _wait(stream: Stream, operator: str, call: str) -> bool:
    """Until something happens to this operator (True) or it is time for a sign of life (False)."""
    until = time.monotonic() + PING_S
    while True:
        try:
            entry = stream.get(timeout=max(0.01, until - time.monotonic()))
        except Empty:
            return False
        mine = entry.get("operator") == operator or (call and entry.get("call") == call)
        if mine or entry["type"] in ("settings", "again"):
            return True


def _event(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"


def _sse(stream: Iterator[str]) -> Response:
    response = Response(stream, mimetype="text/event-stream")
    response.headers["X-Accel-Buffering"] = "no"
    return response
