"""What `check` says of the way from browsers to the switch."""

import socket
import threading

import pytest

from fsdialer.settings import Settings
from fsdialer.verbs.check_browsers import knock, look_at_addresses, look_at_switch

SWITCHED, NOT_FOUND = (f"HTTP/1.1 {status}\r\n\r\n".encode() for status in ("101 Switching Protocols", "404 Not Found"))


@pytest.fixture
def answering():
    """A port that answers one request with these bytes; its address."""
    listeners = []

    def listen(answer):
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def serve():
            near, _ = listener.accept()
            near.recv(4096)
            near.sendall(answer)
            near.close()

        threading.Thread(target=serve, daemon=True).start()
        return f"127.0.0.1:{listener.getsockname()[1]}"

    yield listen
    for listener in listeners:
        listener.close()


def looked(*urls):
    return look_at_addresses(Settings("redis://x", "redis://x", sip_ws=urls))


def test_switch_that_speaks_websocket_is_good(answering):
    url = f"ws://{answering(SWITCHED)}"
    assert looked(url) == [(True, f"browsers' phones: {url} speaks SIP over WebSocket", "")]


def test_proxy_that_does_not_pass_the_upgrade_on_is_named(answering):
    wrong, mend = knock(f"ws://{answering(NOT_FOUND)}/sip")
    assert "404" in wrong and "Upgrade" in mend


def test_address_nobody_listens_at_is_named():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        wrong, mend = knock(f"ws://127.0.0.1:{probe.getsockname()[1]}")
    assert wrong.startswith("cannot be reached") and "wss_binding" in mend


def test_certificate_no_browser_trusts_is_named(tmp_path, self_signed):
    wrong, mend = knock(f"wss://127.0.0.1:{self_signed}")
    assert "certificate no browser trusts" in wrong and "wss.pem" in mend


@pytest.fixture
def self_signed(tmp_path):
    """A TLS port with a certificate of its own making, as FreeSWITCH's."""
    import shutil
    import ssl
    import subprocess

    if not shutil.which("openssl"):
        pytest.skip("no openssl here to make a certificate with")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = ["-subj", "/CN=127.0.0.1", "-days", "1"]
    making = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, *subject]
    subprocess.run(making, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        near, _ = listener.accept()
        try:
            context.wrap_socket(near, server_side=True)
        except ssl.SSLError:
            near.close()

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1]
    listener.close()


def test_path_behind_the_webs_proxy_is_not_tried_from_here():
    assert looked("/sip") == []


def test_switch_without_the_modules_of_browsers_is_named():
    lacking = look_at_switch(lambda asked: "false" if "xml_curl" in asked else "true", "fs1")
    assert [(good, what) for good, what, _ in lacking] == [(False, "fs1: mod_xml_curl is not loaded")]
    assert "--static" in lacking[0][2]
