"""A SIP peer over UDP that a switch calls: a carrier's customer, a PBX or an operator's phone. It answers, keeps every
message it was sent, and treats a REFER as it was told to."""

import contextlib
import re
import socket
import threading
import time
import uuid

SDP = (
    "v=0\r\no=peer 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio {port} RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
)
#: The head of a packet of audio: PCMU. Sent as they are, they count as what came.
RTP = bytes([0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9])
LOUD, SILENCE = bytes(160), b"\xff" * 160
#: What a phone says that may be told, by UPDATE or INFO, whom it talks to.
SHOWS = (
    "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, INFO, REFER, NOTIFY\r\n"
    "User-Agent: FreeSWITCH\r\nX-FS-Support: update_display,send_info\r\n"
)


class Peer:
    """Answers every INVITE at `port` of 127.0.0.1. `refer` says how to treat a REFER: a list of statuses: the first is
    the answer to it, the others are told by NOTIFY; empty: no answer at all. `registers`: the answer to a REGISTER."""

    def __init__(self, refer=(202, 200), bye_after_refer=False, registers=200):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.02)
        self._rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._rtp.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.refer, self.bye_after_refer, self.registers = list(refer), bye_after_refer, registers
        self.talks = False  # sends audio while it is in a call: `says`
        self.says = LOUD
        self.refuses = 0  # the status by which it refuses every call; 0: it does not
        self.forwards_to = ""  # where it sends those who call it, if it refuses them with 302
        self.refuses_again = 0  # the status by which it refuses an INVITE within a call; 0: it does not
        self._hears = None
        self.messages = []
        self._tags = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def stop(self):
        self._stopped.set()
        self._thread.join()
        self._socket.close()
        self._rtp.close()

    def restart(self):
        """It knows nothing of its calls any more, and has said goodbye to nobody."""
        self._tags.clear()
        self._hears = None

    def within(self, method, more="", body=""):
        """Send a request within the call it answered last; the status of the answer to it."""
        invite, switch = self._last
        tag = self._tags[header(invite, "Call-ID")]
        request = self._request(method, re.sub(r"(?m)^(To: [^;\r]*)\r$", rf"\1;tag={tag}\r", invite), more, body)
        self._send(request, switch)
        end = time.monotonic() + 5
        while time.monotonic() < end:
            for text in self.requests("SIP/2.0"):
                if header(text, "CSeq") == header(request, "CSeq") and (status := int(text.split()[1])) >= 200:
                    if method == "INVITE":
                        self._send(request.partition("\r\n\r\n")[0].replace("INVITE", "ACK") + "\r\n\r\n", switch)
                    return status
            time.sleep(0.05)
        return 0

    def requests(self, method):
        """Those it was sent, as text."""
        return [text for text in list(self.messages) if text.startswith(f"{method} ")]

    def first_sound(self, seconds):
        """When the first audio that is no silence came (monotonic); None when there was none in so many seconds."""
        end = time.monotonic() + seconds
        self._rtp.settimeout(0)
        with contextlib.suppress(BlockingIOError):
            while self._rtp.recv(2000):  # what an earlier call left
                pass
        self._rtp.settimeout(0.1)
        while time.monotonic() < end:
            try:
                audio = self._rtp.recv(2000)[12:]
            except TimeoutError:
                continue
            if any(byte not in b"\xff\x7f\xfe\x7e" for byte in audio):
                return time.monotonic()
        return None

    def hears(self, seconds):
        """How many packets of audio come in so many seconds, and how many of them are no silence."""
        end, packets, loud = time.monotonic() + seconds, 0, 0
        self._rtp.settimeout(0)
        while time.monotonic() < end:
            try:
                audio = self._rtp.recv(2000)[12:]
            except BlockingIOError:
                time.sleep(0.005)
                continue
            if time.monotonic() > end - seconds + 0.1:  # what had queued before is no matter
                packets += 1
                loud += any(byte not in b"\xff\x7f\xfe\x7e" for byte in audio)
        return packets, loud

    def _listen(self):
        while not self._stopped.is_set():
            if self.talks and self._hears:
                self._rtp.sendto(RTP + self.says, self._hears)
            try:
                data, sender = self._socket.recvfrom(65535)
            except TimeoutError:
                continue
            text = data.decode(errors="replace")
            if text.strip():
                self.messages.append(text)
                self._heed(text, sender)

    def _heed(self, text, sender):
        method = text.split(" ", 1)[0]
        match method:
            case "INVITE" if ";tag=" in header(text, "To") and header(text, "Call-ID") not in self._tags:
                self._answer(text, sender, 481)
            case "INVITE" if header(text, "Call-ID") in self._tags and self.refuses_again:
                self._answer(text, sender, self.refuses_again)
            case "INVITE" if self.refuses:
                self._answer(text, sender, self.refuses, contact=self.forwards_to)
            case "INVITE":
                self._hears = ("127.0.0.1", int(re.search(r"m=audio (\d+)", text)[1]))
                self._last = text, sender
                self._answer(text, sender, 200, SDP.format(port=self._rtp.getsockname()[1]))
            case "REFER":
                if self.refer:
                    self._answer(text, sender, self.refer[0])
                    for status in self.refer[1:]:
                        self._notify(text, sender, status)
                    if self.bye_after_refer:
                        self._send(self._request("BYE", text), sender)
            case "BYE":
                self._hears = None
                self._answer(text, sender, 200)
            case "ACK" | "SIP/2.0":
                pass
            case "REGISTER":
                self._answer(text, sender, self.registers)
            case _:
                self._answer(text, sender, 200)

    def _answer(self, request, sender, status, body="", contact=""):
        call = header(request, "Call-ID")
        tag = self._tags.setdefault(call, uuid.uuid4().hex[:8])
        to = header(request, "To")
        to = to if ";tag=" in to else f"{to};tag={tag}"
        kind = "Content-Type: application/sdp\r\n" if body else ""
        contact = contact or f"sip:peer@127.0.0.1:{self.port}"
        vias = "".join(f"Via: {via}\r\n" for via in re.findall(r"(?m)^Via: (.*)\r$", request))
        kind += 'Proxy-Authenticate: Digest realm="peer", nonce="n"\r\n' if status == 407 else ""
        self._send(
            f"SIP/2.0 {status} So\r\n{vias}From: {header(request, 'From')}\r\nTo: {to}\r\nCall-ID: {call}\r\n"
            f"CSeq: {header(request, 'CSeq')}\r\nContact: <{contact}>\r\n{SHOWS}{kind}"
            f"Content-Length: {len(body)}\r\n\r\n{body}",
            sender,
        )

    def _notify(self, refer, sender, status):
        state = "terminated;reason=noresource" if status >= 200 else "active;expires=60"
        number = header(refer, "CSeq").split()[0]
        body = f"SIP/2.0 {status} So\r\n"
        more = (
            f"Event: refer;id={number}\r\nSubscription-State: {state}\r\nContent-Type: message/sipfrag;version=2.0\r\n"
        )
        self._send(self._request("NOTIFY", refer, more, body), sender)

    def _request(self, method, like, more="", body=""):
        """Within the dialog of a request we were sent: its From is our To."""
        uri = re.search(r"<([^>]*)>", header(like, "Contact"))[1]
        self._sequence = getattr(self, "_sequence", 0) + 1
        return (
            f"{method} {uri} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK{uuid.uuid4().hex}\r\n"
            f"From: {header(like, 'To')}\r\nTo: {header(like, 'From')}\r\nCall-ID: {header(like, 'Call-ID')}\r\n"
            f"CSeq: {self._sequence} {method}\r\nContact: <sip:peer@127.0.0.1:{self.port}>\r\nMax-Forwards: 70\r\n"
            f"{more}Content-Length: {len(body)}\r\n\r\n{body}"
        )

    def _send(self, text, to):
        self._socket.sendto(text.encode(), to)


def header(text, name):
    """A header's value, its first."""
    return re.search(rf"(?m)^{name}: (.*)\r$", text)[1]
