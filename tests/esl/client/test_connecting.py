"""Connecting: greeting, password and their limit, and being refused.

The numbers are those of the faults in ``docs/event-socket.md``.
"""

import logging

import gevent
import pytest
from gevent import socket

from fsdialer.errors import (
    SwitchRefusedUs,
    SwitchTimeout,
    SwitchUnreachable,
    UnsafeCommand,
)
from fsdialer.esl.client import EslClient
from tests.esl.captures import replay_after_greeting
from tests.esl.client.heard import greenlets_of
from tests.esl.scripted import AT_ONCE_S, PASSWORD, Line, Switch, notice, wait_until


# -- 10: connecting --------------------------------------------------------------------------------------------
def test_nobody_listening_is_unreachable(switch, client_of):
    switch.stop()
    with pytest.raises(SwitchUnreachable, match=f"127.0.0.1:{switch.port}"):
        client_of(switch).connect()


@pytest.mark.parametrize("host", ["no.such.host.invalid", "x" * 300, ""])
def test_a_host_that_cannot_be_is_unreachable(host):
    with pytest.raises(SwitchUnreachable):
        EslClient(host, 1, PASSWORD, connect_timeout_s=2).connect()


def test_a_switch_that_closes_before_its_greeting_is_unreachable_at_once(serving, client_of):
    client = client_of(serving(Line.close), connect_timeout_s=30)
    with gevent.Timeout(AT_ONCE_S), pytest.raises(SwitchUnreachable):
        client.connect()


def greets_forever(line):
    while line.sock.fileno() >= 0:
        line.send(b"X")
        gevent.sleep(0.01)


@pytest.mark.parametrize("serve", [lambda line: None, greets_forever, lambda line: line.send(b"Content-Type: auth/re")])
def test_a_switch_without_a_greeting_is_given_up_in_time(serving, client_of, serve):
    client = client_of(serving(serve), connect_timeout_s=0.1)
    with gevent.Timeout(AT_ONCE_S), pytest.raises(SwitchTimeout, match="no greeting"):
        client.connect()
    assert client.sock.fileno() == -1


def test_greeting_and_password_share_one_limit(serving, client_of):
    client = client_of(serving(lambda line: line.send(b"Content-Type: auth/request\n\n")), connect_timeout_s=0.1)
    with gevent.Timeout(AT_ONCE_S), pytest.raises(SwitchTimeout):
        client.connect()
    wait_until(lambda: all(greenlet.dead for greenlet in greenlets_of(client)), "its greenlets to end")


def test_a_switch_may_be_at_an_ipv6_address(client_of):
    try:
        switch = Switch(family=socket.AF_INET6)
    except OSError:
        pytest.skip("no IPv6 on this machine")
    client = EslClient("::1", switch.port, PASSWORD)
    client.connect()
    assert client.connected
    client.stop(goodbye=False)
    switch.stop()


def test_a_dead_peer_is_found_by_the_kernel_too(connected):
    client, _ = connected()
    assert client.sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


def test_a_switch_with_nothing_to_say_is_not_given_up(connected):
    client, _ = connected(connect_timeout_s=AT_ONCE_S)
    assert client.sock.gettimeout() is None


# -- 16: refused -----------------------------------------------------------------------------------------------
def test_a_wrong_password_is_said_plainly_and_leaves_nothing_behind(serving, client_of, heard):
    client = client_of(serving(replay_after_greeting("auth-refused", from_command=1)), password="wrong")
    with pytest.raises(SwitchRefusedUs, match="refused the password"):
        client.connect()
    assert not client.connected and client.sock.fileno() == -1
    wait_until(lambda: all(greenlet.dead for greenlet in greenlets_of(client)), "its greenlets to end")


def test_the_password_is_in_no_message(serving, client_of, caplog):
    caplog.set_level(logging.DEBUG)
    client = client_of(serving(replay_after_greeting("auth-refused", from_command=1)), password="s3cret-word")
    with pytest.raises(SwitchRefusedUs) as refused:
        client.connect()
    assert "s3cret-word" not in str(refused.value) + caplog.text


def test_a_password_that_is_more_than_a_line_is_never_sent(serving, client_of):
    commands = []

    def serve(line):
        line.send(b"Content-Type: auth/request\n\n")
        commands.append(line.command())

    with pytest.raises(UnsafeCommand):
        client_of(serving(serve), password="x\n\napi shutdown").connect()
    wait_until(lambda: commands, "the end")
    assert commands == [None]


def test_an_access_list_that_refuses_us_is_told_from_a_wrong_password(serving, client_of):
    def refuse(line):
        text = "Access Denied, go away.\n"
        line.send(f"Content-Type: text/rude-rejection\nContent-Length: {len(text)}\n\n{text}".encode(), notice())
        line.close()

    with pytest.raises(SwitchRefusedUs, match="access list"):
        client_of(serving(refuse)).connect()
