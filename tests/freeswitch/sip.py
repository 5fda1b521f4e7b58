"""As much SIP as it takes to knock at a switch's door over UDP: a request, its final answer, a digest when asked."""

import hashlib
import itertools
import re
import socket
import uuid

_numbers = itertools.count(1)


class Caller:
    """A phone at `port` of this machine's switch that wants to be `user`@`domain`; rung at `contact`, or not at all."""

    def __init__(self, port, user, domain="127.0.0.1", contact=""):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(5)
        self._socket.connect(("127.0.0.1", port))
        self._user, self._domain, self._port = user, domain, port
        host, own_port = self._socket.getsockname()
        self._contact = contact or f"sip:{user}@{host}:{own_port}"
        self.agent = "caller"
        self._call, self._tag = uuid.uuid4().hex, uuid.uuid4().hex[:8]

    def be(self, user, contact):
        """Another account of the same phone."""
        self._user, self._contact, self._call = user, contact, uuid.uuid4().hex

    def close(self):
        self._socket.close()

    def register(self, password, expires=60):
        """The status of a REGISTER, with the digest the switch asks for."""
        status, headers = self._ask("REGISTER", f"sip:{self._domain}", f"Expires: {expires}\r\n")
        if status == 401:
            answer = self._digest("REGISTER", f"sip:{self._domain}", headers, password)
            status, _ = self._ask("REGISTER", f"sip:{self._domain}", f"Expires: {expires}\r\n{answer}")
        return status

    def invite(self, number):
        """The first final status of an INVITE without any account."""
        return self._ask("INVITE", f"sip:{number}@127.0.0.1:{self._port}")[0]

    def refer(self, number):
        """The first final status of a REFER that belongs to no call."""
        uri = f"sip:{number}@127.0.0.1:{self._port}"
        return self._ask("REFER", uri, f"Refer-To: <{uri}>\r\n")[0]

    def _ask(self, method, uri, more=""):
        host, port = self._socket.getsockname()
        to = f"sip:{self._user}@{self._domain}" if method == "REGISTER" else uri
        self._socket.send(
            (
                f"{method} {uri} SIP/2.0\r\n"
                f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{uuid.uuid4().hex}\r\n"
                f"From: <sip:{self._user}@{self._domain}>;tag={self._tag}\r\n"
                f"To: <{to}>\r\n"
                f"Call-ID: {self._call}\r\nCSeq: {next(_numbers)} {method}\r\n"
                f"Contact: <{self._contact}>\r\nMax-Forwards: 70\r\n"
                f"User-Agent: {self.agent}\r\n{more}Content-Length: 0\r\n\r\n"
            ).encode()
        )
        while True:
            text = self._socket.recv(65535).decode()
            answer = re.match(r"SIP/2\.0 (\d+)", text)
            if answer and answer[1] != "100" and f" {method}" in text:  # not the switch's own OPTIONS
                return int(answer[1]), text

    def _digest(self, method, uri, headers, password):
        realm, nonce = (re.search(rf'{name}="([^"]+)"', headers)[1] for name in ("realm", "nonce"))
        one = _md5(f"{self._user}:{realm}:{password}")
        response = _md5(f"{one}:{nonce}:00000001:cn:auth:{_md5(f'{method}:{uri}')}")
        return (
            f'Authorization: Digest username="{self._user}", realm="{realm}", nonce="{nonce}", uri="{uri}", '
            f'qop=auth, nc=00000001, cnonce="cn", algorithm=MD5, response="{response}"\r\n'
        )


def _md5(text):
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
