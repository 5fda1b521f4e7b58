"""Reads a company's feed for the dialer: every entry in order, each once it could be heeded.

What an operator asks for in the feed (end this call, test my phone) stands nowhere else: an entry that fails because
Redis is away is read again, one that fails by itself is logged and passed over, so that it holds up no other.
"""

import logging
from collections.abc import Callable

from redis.exceptions import ReadOnlyError

from fsdialer.engine.tasks import Tasks
from fsdialer.store import REDIS_AWAY
from fsdialer.store.feed import Feed

log = logging.getLogger(__name__)

#: What passes by itself. Any other error of Redis (somebody made a key a thing of another type) would come each time.
PASSING = (*REDIS_AWAY, ReadOnlyError)
#: How long one wait for the feed may be (ms); entries come at once.
BLOCK_MS = 2000


class FeedReader:
    """From what is written after now on. `heed(entry)` may be called again with an entry during which Redis failed."""

    def __init__(self, tasks: Tasks, feed: Feed, after_id: str, heed: Callable[[dict[str, str]], None]) -> None:
        self._tasks = tasks
        self._feed = feed
        self._after_id = after_id
        self._heed = heed

    def run(self) -> None:
        """Until the process stops; `PASSING` when Redis is away: run again, nothing is lost."""
        while not self._tasks.stopping.is_set():
            for entry_id, entry in self._feed.read(self._after_id, BLOCK_MS):
                self._heed_or_pass(entry_id, entry)
                self._after_id = entry_id

    def _heed_or_pass(self, entry_id: str, entry: dict[str, str]) -> None:
        try:
            self._heed(entry)
        except PASSING:
            raise
        except Exception:  # noqa: BLE001 - whatever it was: the operators' next wishes must be heard
            log.exception("feed=%s type=%s passed_over=yes", entry_id, entry.get("type"))
