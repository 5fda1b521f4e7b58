"""The browsers' way in, tried against sockets that behave in each way."""

import base64
import contextlib
import hashlib
import re
import shutil
import socket
import ssl
import subprocess
import threading

import pytest

from fsdialer.verbs.check.finding import Level, ok
from fsdialer.verbs.check.websocket import look_at_address, look_at_addresses, look_at_binding, shake_hands

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def accepts(request):
    key = re.search(r"Sec-WebSocket-Key: (\S+)", request)[1]
    token = base64.b64encode(hashlib.sha1(f"{key}{GUID}".encode(), usedforsecurity=False).digest()).decode()
    return f"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: {token}\r\n\r\n"


@pytest.fixture
def serve():
    """A server on a port of its own that answers one request with what `answer` makes of it."""
    with contextlib.ExitStack() as over:

        def serve(answer, tls=None):
            listener = over.enter_context(socket.create_server(("127.0.0.1", 0)))

            def run():
                with contextlib.suppress(OSError):
                    line, _ = listener.accept()
                    with tls.wrap_socket(line, server_side=True) if tls else line as talk:
                        talk.sendall(answer(talk.recv(4096).decode()).encode())

            threading.Thread(target=run, daemon=True).start()
            return listener.getsockname()[1]

        yield serve


def test_handshake_that_is_answered_is_good(serve):
    assert shake_hands("127.0.0.1", serve(accepts), None) == ""
    url = f"ws://127.0.0.1:{serve(accepts)}"
    assert list(look_at_addresses([url], True)) == [ok(f"browsers' phones: {url} speaks SIP over WebSocket")]


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (lambda request: "HTTP/1.1 404 Not Found\r\n\r\n", "not as a WebSocket: HTTP/1.1 404"),
        (lambda request: "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: x\r\n\r\n", "another's handshake"),
        (lambda request: "", "not as a WebSocket: nothing"),
    ],
)
def test_anything_else_is_not(serve, answer, word):
    assert word in shake_hands("127.0.0.1", serve(answer), None)


def test_nobody_there_is_a_failure_only_when_somebodys_phone_is_in_their_browser():
    assert look_at_binding("fs1", "ws", "127.0.0.1", 1, used=True).level is Level.FAIL
    assert look_at_binding("fs1", "ws", "127.0.0.1", 1, used=False).level is Level.WARN


def test_path_behind_the_webs_proxy_is_not_tried_from_here():
    assert list(look_at_addresses(["/sip"], True)) == []


def test_phones_in_pages_need_an_address_and_phones_on_desks_none():
    assert [each.level for each in look_at_addresses([], True)] == [Level.FAIL]
    assert list(look_at_addresses([], False)) == []


def test_an_address_that_fails_is_a_warning_while_nobodys_phone_is_in_their_browser(serve):
    url = f"ws://127.0.0.1:{serve(lambda request: 'HTTP/1.1 404 Not Found')}"
    levels = {used: [each.level for each in look_at_addresses([url], used)] for used in (True, False)}
    assert levels == {True: [Level.FAIL], False: [Level.WARN]}


def test_each_failure_says_what_to_mend(serve):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        assert "wss_binding" in look_at_address(f"ws://127.0.0.1:{probe.getsockname()[1]}").mend
    refused = look_at_address(f"ws://127.0.0.1:{serve(lambda request: 'HTTP/1.1 404 Not Found')}")
    assert refused.level is Level.FAIL and "Upgrade" in refused.mend


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl on PATH to make a certificate with")
def test_certificate_no_browser_trusts_is_said_where_browsers_are_sent_and_nowhere_else(serve, tmp_path):
    pem = tmp_path / "wss.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*command, "-keyout", pem, "-out", tmp_path / "cert.pem"], check=True, capture_output=True)
    pem.write_text(pem.read_text() + (tmp_path / "cert.pem").read_text())
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    finding = look_at_address(f"wss://localhost:{serve(accepts, server)}")
    assert finding.level is Level.FAIL
    assert "certificate no browser trusts" in finding.what and "wss.pem" in finding.mend
    assert look_at_binding("fs1", "wss", "127.0.0.1", serve(accepts, server), used=True).level is Level.OK
