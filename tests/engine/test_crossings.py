"""Two switches that answer, one of which does not reach the other: nobody is called to be put through to nobody."""

import json
from types import SimpleNamespace

import pytest

from fsdialer.core.campaigns import Gateway
from fsdialer.engine.lines import Lines
from fsdialer.engine.phone_failures import PhoneFailures
from fsdialer.engine.switches import Switches
from fsdialer.esl import marks
from fsdialer.store import Store

NOBODY_HOME = "-ERR RECOVERY_ON_TIMER_EXPIRE"


class Link:
    """A switch whose calls to others end as `way` says; when it is `deaf` no sound comes back."""

    up, way, deaf = True, "+OK 1", False

    def __init__(self, name):
        self.address = SimpleNamespace(name=name, trunk=f"{name}.example:5070")

    def ask(self, command, timeout_s=5.0):
        if command.startswith("uuid_exists"):
            return "false"
        if command.startswith("show tasks"):
            rows = [{"task_group": marks.silent(self.leg)}] if self.deaf else []
            return json.dumps({"row_count": len(rows), "rows": rows})
        if command.startswith("originate"):
            self.leg = command.partition("origination_uuid=")[2].partition(",")[0]
            return self.way
        return "+OK 100"


@pytest.fixture
def two(redis):
    """fs1, fs2 and what is known of them."""
    lines, one, other = Lines(), Link("fs1"), Link("fs2")
    lines.add(one)
    lines.add(other)
    switches = Switches(lines, Store(redis), lambda: 1000.0)
    switches.came_up(one)
    switches.came_up(other)
    return one, other, switches


def planned(switches, free):
    plan = switches.plan(Gateway("acme", "trunk"), 4, (), lambda: free, lambda switch: 0)
    return {link.address.name: calls for link, calls in plan}


def test_no_calls_are_placed_where_the_way_to_all_who_are_free_is_shut(two):
    one, other, switches = two
    assert planned(switches, {"fs2": 1}).keys() == {"fs1", "fs2"}
    one.way = NOBODY_HOME
    assert switches.crossings.trouble("fs1", "fs2")
    assert planned(switches, {"fs2": 1}) == {"fs2": 4}
    assert planned(switches, {"fs1": 1}).keys() == {"fs1", "fs2"}, "the other way is open"
    assert planned(switches, {}).keys() == {"fs1", "fs2"}, "who will be free, nobody knows"
    one.way = "+OK 1"
    switches.crossings.look()
    assert planned(switches, {"fs2": 1}).keys() == {"fs1", "fs2"}


def test_an_operator_whom_no_switch_with_a_gateway_reaches_is_told(two):
    one, other, switches = two
    here, both = [Gateway("acme", "trunk", switches=("fs1",))], [Gateway("acme", "trunk")]
    one.way = NOBODY_HOME
    switches.crossings.trouble("fs1", "fs2")
    assert "do not reach fs2" in switches.no_way("fs2", here)
    assert switches.no_way("fs2", both) == "", "fs2 makes calls itself"
    other.up = False
    assert switches.no_way("fs2", here) == "", "that has words of its own"


def test_a_way_to_a_switch_that_is_away_is_not_judged(two):
    one, other, switches = two
    other.up, one.way = False, NOBODY_HOME
    assert switches.crossings.trouble("fs1", "fs2") == ""


def test_a_way_on_which_nothing_is_heard_is_shut_until_something_is(two):
    """A firewall lets the call through, and not the sound."""
    one, other, switches = two
    one.deaf = True
    assert switches.crossings.trouble("fs1", "fs2") == "", "the call is answered"
    assert "do not reach fs2" in switches.crossings.trouble("fs1", "fs2", listen=True)
    switches.crossings.look()
    assert planned(switches, {"fs2": 1}) == {"fs2": 4}, "that it is answered opens nothing"
    one.deaf = False
    switches.crossings.look()
    assert planned(switches, {"fs2": 1}).keys() == {"fs1", "fs2"}


def test_no_phone_is_blamed_for_a_talk_that_was_cut_off_on_a_silent_way():
    """That the call is answered there says nothing of it."""
    said = SimpleNamespace(say=lambda *alert: pytest.fail("the phone was blamed"))
    company = SimpleNamespace(operators=SimpleNamespace(view=lambda operator: None), alerts=said)
    line = SimpleNamespace(company=company, call=SimpleNamespace(uuid="u-1", switch="fs1"))
    stations = SimpleNamespace(trouble=lambda view, switch, listen=False: "the way is shut" if listen else "")
    PhoneFailures(Lines(), stations, lambda: 1000.0).cut_off(line, "1001", "MEDIA_TIMEOUT")


def alerts(redis):
    redis.sadd("fsdialer:companies", "acme")
    company = Store(redis).company("acme")
    return company, lambda: [alert.name for alert in company.alerts.standing()]


def test_a_dialer_that_is_started_later_does_not_end_the_alert_of_one_that_knows(two, redis):
    one, other, switches = two
    company, standing = alerts(redis)
    one.way = NOBODY_HOME
    switches.crossings.trouble("fs1", "fs2")
    switches.crossings.alert([company])
    lines = Lines()
    lines.add(one)
    lines.add(other)
    Switches(lines, Store(redis), lambda: 1000.0).crossings.alert([company])
    switches.crossings.alert([company])
    assert standing() == ["switches-fs1-fs2"]
    assert company.alerts.clear("switches-fs1-fs2", 1000.0, "boss")
    switches.crossings.alert([company])
    assert not standing(), "a person has read it"


@pytest.mark.parametrize("name", ["fd00::1", "freeswitch-1." + 8 * "telephony."])
def test_any_name_of_a_switch_may_stand_in_the_alert(two, redis, name):
    one, other, switches = two
    company, standing = alerts(redis)
    lines = Lines()
    for link in (one, other):
        link.address.name += name
        lines.add(link)
    switches = Switches(lines, Store(redis), lambda: 1000.0)
    switches.came_up(one)
    switches.came_up(other)
    one.way = NOBODY_HOME
    assert switches.crossings.trouble(f"fs1{name}", f"fs2{name}")
    switches.crossings.alert([company])
    assert len(standing()) == 1
    one.way = "+OK 1"
    switches.crossings.look()
    switches.crossings.alert([company])
    assert not standing()
