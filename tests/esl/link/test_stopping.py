"""A link that is stopped, up or not."""

import gevent
import pytest

from fsdialer.errors import SwitchUnreachable
from fsdialer.esl.patience import Timings
from tests.esl.scripted import Switch, wait_until


def test_stop_closes_both_connections_with_a_goodbye_and_tries_no_more(switch, engine, up):
    link = up()
    link.stop()
    assert [command for _, command in switch.commands].count("exit") == 2
    assert not link.up
    with pytest.raises(SwitchUnreachable):
        link.bgapi("originate x", "job-1")
    assert len(engine.states) == 1


@pytest.mark.parametrize("serve", [lambda line: None, lambda line: line.close()])
def test_stop_ends_a_link_that_never_came_up(engine, link_to, serve):
    switch = Switch(serve)
    link = link_to(switch, timings=Timings())
    wait_until(lambda: switch.lines, "a try")
    with gevent.Timeout(2):
        link.stop()
    assert link._keeper.dead
    switch.stop()
