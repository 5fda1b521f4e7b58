"""Named alerts: one for the same trouble however often it is found, until it is cleared."""

import pytest

from fsdialer.errors import InvalidSetting
from fsdialer.store import CompanyStore
from tests.store.conftest import NOW


def test_trouble_found_again_is_the_same_alert_with_a_count_and_the_newest_words(acme):
    assert acme.alerts.say("recording-missing.spring", "No file of call 1.", NOW) is True
    assert acme.alerts.say("recording-missing.spring", "No file of call 2.", NOW + 60) is False
    [alert] = acme.alerts.standing()
    assert (alert.text, alert.first, alert.last, alert.count) == ("No file of call 2.", NOW, NOW + 60, 2)


def test_alert_that_was_cleared_is_gone_from_sight_and_says_who_cleared_it(acme):
    acme.alerts.say("gateway.trunk", "It refuses.", NOW)
    assert acme.alerts.clear("gateway.trunk", NOW + 5, "boss") is True
    assert acme.alerts.standing() == []
    gone = acme.alerts.get("gateway.trunk")
    assert (gone.cleared, gone.cleared_by) == (NOW + 5, "boss")
    assert 0 < acme.redis.ttl(acme.keys.alert("gateway.trunk")) <= 30 * 86400
    assert acme.alerts.clear("gateway.trunk", NOW + 6) is False


def test_alert_that_comes_back_after_it_was_cleared_begins_anew_and_does_not_expire(acme):
    acme.alerts.say("gateway.trunk", "It refuses.", NOW)
    acme.alerts.say("gateway.trunk", "It refuses.", NOW + 1)
    acme.alerts.clear("gateway.trunk", NOW + 5)
    assert acme.alerts.say("gateway.trunk", "Again.", NOW + 9) is True
    [alert] = acme.alerts.standing()
    assert (alert.first, alert.count, alert.cleared, alert.cleared_by) == (NOW + 9, 1, None, "")
    assert acme.redis.ttl(acme.keys.alert("gateway.trunk")) == -1


def test_the_last_said_stands_first(acme):
    for at, name in enumerate(("one", "two", "one")):
        acme.alerts.say(name, name, NOW + at)
    assert [alert.name for alert in acme.alerts.standing()] == ["one", "two"]


def test_the_feed_hears_of_the_beginning_and_the_end_only(acme):
    before = acme.feed.last_id()
    for at in range(3):
        acme.alerts.say("one", "text", NOW + at)
    acme.alerts.clear("one", NOW + 9, "boss")
    entries = [entry for _, entry in acme.feed.read(before, 1)]
    assert entries == [
        {"type": "alert", "name": "one", "state": "raised"},
        {"type": "alert", "name": "one", "state": "cleared"},
    ]


def test_alerts_of_another_company_are_not_seen(acme, redis):
    acme.alerts.say("one", "text", NOW)
    assert CompanyStore(redis, "other").alerts.standing() == []


@pytest.mark.parametrize("name", ["", "Loud", "a b", "a:b", "é", "x" * 129])
def test_name_that_is_none_is_refused(acme, name):
    with pytest.raises(InvalidSetting, match="alert"):
        acme.alerts.say(name, "text", NOW)
