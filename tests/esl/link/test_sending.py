"""Questions and jobs over a link: never sent twice, never kept for later."""

import pytest

from fsdialer.errors import SwitchTimeout, SwitchUnreachable
from tests.esl.link.engine import QUICK
from tests.esl.scripted import wait_until


def test_a_question_is_answered_with_the_jobs_body(switch, engine, up):
    switch.answers["uuid_exists u-1"] = "true"
    assert up().ask("uuid_exists u-1") == "true"
    assert engine.events == []


def test_a_question_waits_no_longer_than_it_may(switch, engine, up):
    link = up()
    switch.freeze()
    with pytest.raises(SwitchTimeout, match="no answer within 0.1 s"):
        link.ask("uuid_exists u-1", timeout_s=0.05)
    switch.thaw()
    assert link.ask("uptime") == "4711\n"
    assert engine.events == []  # an answer that is late is for nobody


def test_a_question_in_flight_fails_when_the_link_is_lost(switch, up):
    link = up()
    switch.answers.clear()
    real, switch._run = switch._run, lambda text, job: switch.cut()
    with pytest.raises(SwitchUnreachable):
        link.ask("show channels as json", timeout_s=30)
    switch._run = real


def test_an_originate_in_flight_at_the_cut_is_never_sent_again(switch, engine, up):
    link = up()
    switch.cut_at = "originate"
    with pytest.raises(SwitchUnreachable):
        link.bgapi("originate {origination_uuid=u-1}sofia/gateway/trunk/15550001 &park()", "u-1")
    wait_until(lambda: len(engine.ups()) == 2, "the link to be up again")
    assert link.ask("uptime") == "4711\n"  # whatever would follow has followed
    assert [job for _, job in switch.jobs("originate")] == ["u-1"]


def test_an_originate_without_a_reply_is_never_sent_again(switch, engine, up):
    link = up(timings=QUICK)
    switch.freeze()
    with pytest.raises((SwitchTimeout, SwitchUnreachable)):
        link.bgapi("originate {origination_uuid=u-1}sofia/gateway/trunk/15550001 &park()", "u-1")
    wait_until(lambda: not link.up, "the silence to be noticed")
    switch.thaw()
    wait_until(lambda: len(engine.ups()) == 2, "the link to be up again")
    assert link.ask("uptime") == "4711\n"
    assert [job for _, job in switch.jobs("originate")] == ["u-1"]


def test_nothing_is_sent_while_the_link_is_down_nor_kept_for_later(switch, engine, up):
    link = up()
    switch.stop()
    wait_until(lambda: not link.up, "the loss to be noticed")
    with pytest.raises(SwitchUnreachable, match="fs1 is not connected"):
        link.bgapi("originate x", "u-1")
    switch.start()
    wait_until(lambda: link.up, "the link to be up again")
    assert link.ask("uptime") == "4711\n"
    assert switch.jobs("originate") == []
