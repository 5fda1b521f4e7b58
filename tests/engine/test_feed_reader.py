"""What people ask for in the feed is heard, whatever happens meanwhile."""

import pytest
from redis.exceptions import ConnectionError as RedisAway
from redis.exceptions import ResponseError

from fsdialer.engine.feed_reader import FeedReader
from fsdialer.engine.tasks import Tasks
from fsdialer.store import CompanyStore


@pytest.fixture
def feed(redis):
    return CompanyStore(redis, "acme").feed


def read(feed, heed, times=1):
    """Runs the reader until `heed` says that this was the last entry; as often as it may fail meanwhile."""
    tasks, heard = Tasks(), []

    def heed_and_note(entry):
        heard.append(entry["what"])
        if heed(entry, heard):
            tasks.stopping.set()

    reader = FeedReader(tasks, feed, "0-0", heed_and_note)
    for _ in range(times):
        try:
            reader.run()
        except RedisAway:
            continue
    return heard


def wishes(feed, *names):
    for name in names:
        feed.publish("wish", what=name)


def test_entries_are_heeded_in_order_and_once(feed):
    wishes(feed, "first", "second", "third")
    assert read(feed, lambda entry, _: entry["what"] == "third") == ["first", "second", "third"]


def test_an_entry_during_which_redis_failed_is_heeded_again(feed):
    wishes(feed, "hangup", "next")

    def heed(entry, heard):
        if heard == ["hangup"]:
            raise RedisAway("reset by peer")
        return entry["what"] == "next"

    assert read(feed, heed, times=2) == ["hangup", "hangup", "next"]


@pytest.mark.parametrize("error", [KeyError("call"), ResponseError("WRONGTYPE Operation against a key")])
def test_an_entry_that_fails_by_itself_is_logged_and_holds_up_no_other(feed, caplog, error):
    wishes(feed, "broken", "hangup")

    def heed(entry, _):
        if entry["what"] == "broken":
            raise error
        return True

    assert read(feed, heed) == ["broken", "hangup"]
    assert "type=wish passed_over=yes" in caplog.text and type(error).__name__ in caplog.text
