"""What a switch was told to do later is gone when its time has come, and with the switch."""

from fsdialer.lab.exchange import Exchange
from fsdialer.lab.people import People
from fsdialer.lab.tasks import Tasks


def test_a_task_waits_for_its_time_and_no_longer():
    now = [0.0]
    tasks = Tasks(lambda: now[0])
    tasks.add("+3600 talked uptime")
    tasks.add("+60 silent uptime")
    assert tasks.groups() == ["silent", "talked"]
    now[0] = 60.0
    assert tasks.groups() == ["talked"]


def test_a_switch_that_is_started_anew_remembers_nothing():
    exchange = Exchange(People(by_chance=False, seed=1), [])
    exchange.tasks.add("+3600 talked uptime")
    exchange.die()
    assert exchange.tasks.groups() == []
