"""As much of a SIP switch as a page's phone needs to register: WebSocket frames (RFC 6455), REGISTER with a digest,
OPTIONS, and an INVITE of ours with what became of it. No audio."""

import base64
import hashlib
import queue
import re
import socket
import struct
import threading

REALM = "pbx.example.com"
_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class SipSocket:
    """A registrar at `port`. `password` (None: whatever is shown is refused) is asked for at each REGISTER;
    `registered` are the contacts there are, `answers` the final statuses of our INVITEs. `deaf`: nothing is answered,
    and nobody let in. As FreeSWITCH does, it passes over a request whose Via names another transport than `transport`:
    WS, or WSS for one that speaks TLS itself."""

    def __init__(self):
        self._browsers, self._invites, self._one_at_a_time = [], 0, threading.Lock()
        self.forget()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def forget(self):
        """As it was at first: nobody connected, nothing heard."""
        with self._one_at_a_time:
            self.drop()
            self.password, self.deaf, self.transport = None, False, "WS"
            self.registered, self.requests, self.answers = {}, [], queue.Queue()

    def close(self):
        self._listener.close()
        self.drop()

    def drop(self):
        """Every connection breaks."""
        for browser in self._browsers:
            try:
                browser.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it is gone already
        self._browsers.clear()

    def count(self, method):
        return sum(request.startswith(f"{method} ") for request in self.requests)

    def invite(self, *headers):
        """Call whoever is registered last; the final status comes into `answers`."""
        self._invites += 1
        contact = list(self.registered)[-1]
        number = self._invites
        lines = [
            f"INVITE {contact} SIP/2.0",
            f"Via: SIP/2.0/WS 127.0.0.1:{self.port};branch=z9hG4bKinvite{number}",
            f"From: <sip:switch@{REALM}>;tag=ours{number}",
            f"To: <{contact}>",
            f"Call-ID: call-{number}",
            "CSeq: 1 INVITE",
            f"Contact: <sip:switch@127.0.0.1:{self.port};transport=ws>",
            "Max-Forwards: 70",
            "Content-Type: application/sdp",
            *headers,
        ]
        sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/SAVPF 0\r\n"
        self._send(self._browsers[-1], "\r\n".join([*lines, f"Content-Length: {len(sdp)}", "", sdp]))

    # -- WebSocket ---------------------------------------------------------------------------------------------------
    def _accept(self):
        while True:
            try:
                browser, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(browser,), daemon=True).start()

    def _serve(self, browser):
        try:
            asked = browser.recv(65536).decode()
            key = re.search(r"Sec-WebSocket-Key: (\S+)", asked)
            if self.deaf or not key:
                return
            proof = base64.b64encode(hashlib.sha1((key[1] + _GUID).encode(), usedforsecurity=False).digest()).decode()
            self._browsers.append(browser)
            browser.sendall(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Accept: {proof}\r\nSec-WebSocket-Protocol: sip\r\n\r\n".encode()
            )
            file = browser.makefile("rb")
            while text := _frame(file):
                with self._one_at_a_time:
                    if browser in self._browsers:  # what a connection had sent before it was dropped is still read
                        self._heed(browser, text)
        except OSError:
            return
        finally:
            browser.close()

    def _send(self, browser, text):
        data = text.encode()
        size = bytes([len(data)]) if len(data) < 126 else b"\x7e" + struct.pack("!H", len(data))
        browser.sendall(b"\x81" + size + data)

    # -- SIP ---------------------------------------------------------------------------------------------------------
    def _heed(self, browser, text):
        if text.startswith("SIP/2.0 "):
            status = int(text.split(" ")[1])
            if status >= 200 and "INVITE" in _header(text, "CSeq"):
                self.answers.put(status)
            return
        self.requests.append(text)
        if self.deaf or text.startswith("ACK") or not _header(text, "Via").startswith(f"SIP/2.0/{self.transport} "):
            return
        if text.startswith("REGISTER"):
            self._register(browser, text)
        else:
            self._send(browser, _reply(text, "200 OK"))

    def _register(self, browser, text):
        if "Authorization" not in text:
            ask = f'WWW-Authenticate: Digest realm="{REALM}", nonce="n1", algorithm=MD5, qop="auth"\r\n'
            return self._send(browser, _reply(text, "401 Unauthorized", ask))
        if self.password is None or not self._right(text):
            return self._send(browser, _reply(text, "403 Forbidden"))
        contact = re.search(r"<([^>]+)>", _header(text, "Contact"))[1]
        if "expires=0" in _header(text, "Contact"):
            self.registered.pop(contact, None)
            return self._send(browser, _reply(text, "200 OK"))
        self.registered[contact] = _header(text, "From")
        return self._send(browser, _reply(text, "200 OK", f"Contact: <{contact}>;expires=120\r\n"))

    def _right(self, text):
        given = dict(re.findall(r'(\w+)="?([^",\r]+)"?', _header(text, "Authorization")))
        one = _md5(f"{given['username']}:{REALM}:{self.password}")
        two = _md5(f"REGISTER:{given['uri']}")
        return given["response"] == _md5(f"{one}:{given['nonce']}:{given['nc']}:{given['cnonce']}:auth:{two}")


def _frame(file):
    """The text of the next frame; empty at the end. A browser's frames are masked and, at this size, whole."""
    head = file.read(2)
    if len(head) < 2 or head[0] & 15 == 8:
        return ""
    size = head[1] & 127
    if size == 126:
        size = struct.unpack("!H", file.read(2))[0]
    mask, data = file.read(4), file.read(size)
    return bytes(byte ^ mask[at % 4] for at, byte in enumerate(data)).decode()


def _header(text, name):
    found = re.search(rf"^{name}: (.+?)\r$", text, re.M)
    return found[1] if found else ""


def _reply(text, status, more=""):
    kept = "".join(f"{name}: {_header(text, name)}\r\n" for name in ("Via", "From", "Call-ID", "CSeq"))
    return f"SIP/2.0 {status}\r\n{kept}To: {_header(text, 'To')};tag=switch\r\n{more}Content-Length: 0\r\n\r\n"


def _md5(text):
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
