"""The switch, or the way to it, is gone for a while: what happened is found out, and nothing happens twice."""

import os
import signal
import socket
import time

from tests.journey import wait_until

TALKS, TALKS_TOO = "+12125550200", "+13125550200"


def closed(centre, lead):
    """The lead's record once its attempt has ended, which the dialer may have to find out by asking."""
    return wait_until(lambda: centre.lead(lead).disposition and centre.lead(lead), 20, f"lead {lead} to be closed")


def while_the_dialer_sleeps(centre, *commands):
    """What happens while nobody hears it: the dialer is stopped, its sockets are cut, it wakes and finds them so."""
    os.kill(centre.dialer.child.pid, signal.SIGSTOP)
    try:
        with socket.create_connection(("127.0.0.1", centre.switch.port), timeout=5) as line:
            line.recv(1024)  # we are among those who will be cut off
            centre.switch.lab("cut")
            while line.recv(1024):
                pass
        for command in commands:
            centre.switch.api(command)
    finally:
        os.kill(centre.dialer.child.pid, signal.SIGCONT)


def test_a_held_phone_hung_up_during_a_cut_is_rung_again(centre):
    c = centre()
    c.on_line("1001")
    leg = c.operator("1001").leg
    while_the_dialer_sleeps(c, "lab phone 1001 hangup")
    view = wait_until(lambda: (v := c.operator("1001")).leg not in ("", leg) and v, 12, "the phone to be rung again")
    assert view.state == "available"
    c.talking(c.add_lead(TALKS))


def test_a_phone_that_stops_ringing_during_a_cut_is_rung_again(centre):
    c = centre()
    c.switch.lab("phone 1001 noanswer")
    c.store.operators.go_on_line("1001", "spring", time.time(), via="cli")
    (leg,) = wait_until(c.channels, what="the phone's channel")
    while_the_dialer_sleeps(c, f"uuid_kill {leg}")
    c.switch.lab("phone 1001 auto")
    wait_until(lambda: c.operator("1001").state == "available", 15, "the phone to be rung again")
    c.talking(c.add_lead(TALKS))


def test_a_customer_who_hangs_up_during_a_cut_is_closed_once(centre):
    c = centre()
    c.on_line("1001")
    lead = c.add_lead(TALKS)
    call = c.talking(lead)
    while_the_dialer_sleeps(c, f"uuid_kill {call['uuid']}")
    assert closed(c, lead).disposition == "answered"
    wait_until(lambda: c.operator("1001").state == "available", what="the operator to be free")
    assert (c.today()["attempts"], c.today()["answered"]) == (1, 1)
    c.audit()


def test_an_operator_can_end_a_talk_on_a_switch_that_is_frozen(centre):
    """Nothing is known of the talk, and nothing can be ended there; but nobody has to sit before a dead line for it."""
    c = centre()
    c.on_line("1001")
    lead = c.add_lead(TALKS)
    call = c.talking(lead)
    switch = c.switch.process.child.pid
    os.kill(switch, signal.SIGSTOP)
    try:
        wait_until(lambda: "fs1" in c.operator("1001").unreachable, 20, "the operator to be told")
        wait_until(lambda: c.dialer.said(r"switch=fs1 up=no"), 20, "the switch to be known as away")
        c.store.feed.publish("wish", what="hangup", operator="1001", call=call["uuid"])
        assert closed(c, lead).disposition == "answered"
        assert c.operator("1001").call == ""
    finally:
        os.kill(switch, signal.SIGCONT)
    wait_until(lambda: call["uuid"] not in c.channels(), 20, "the customer's channel to be ended")
    wait_until(lambda: c.operator("1001").state == "available", 20, "the operator to be free")
    c.audit()


def test_the_switchs_process_killed_and_started_again_operators_are_back_and_calls_are_closed(centre):
    c = centre()
    c.on_line("1001", "1002")
    lead = c.add_lead(TALKS)
    c.talking(lead)
    c.switch.process.kill()
    c.switch.start()
    assert closed(c, lead).disposition == "answered"
    wait_until(lambda: all(c.operator(o).state == "available" for o in ("1001", "1002")), 20, "both operators")
    c.talking(c.add_lead(TALKS_TOO))
    assert c.today()["attempts"] == 2


def test_an_event_socket_that_stalls_doubles_nothing(centre):
    c = centre()
    c.on_line("1001")
    c.switch.lab("stall 3")
    lead = c.add_lead(TALKS)
    call = wait_until(lambda: (x := c.call_of(lead)).get("state") == "talking" and x, 15, "the talk")
    c.switch.api(f"uuid_kill {call['uuid']}")
    assert closed(c, lead).disposition == "answered"
    assert c.switch.counts()["attempts_per_number"] == {TALKS: 1}
    c.audit()
