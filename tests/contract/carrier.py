"""SIPp as the carrier: one process whose customers do what the last three digits of their number say.

The numbers and times are those of the simulated switch (`fsdialer.lab.people.BY_SUFFIX`), so that one suite of calls
runs against both. It also answers as the SIP phones that take part by refusing (603) or by ringing for ever (408).
"""

import shutil
import signal
import socket
import subprocess

from fsdialer.lab.people import BY_SUFFIX, NEVER, Plan
from fsdialer.lab.people import BYE as BYE_SAID

SIPP = shutil.which("sipp")
SDP = """\
v=0
o=carrier 53655765 2353687637 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0 101
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-16
a=ptime:20
a=sendrecv
"""
BYE = """\
BYE [$peer] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From:[$to];tag=[pid]c[call_number]
To:[$from]
Call-ID: [call_id]
CSeq: 9 BYE
Max-Forwards: 70
Content-Length: 0
"""
NOTIFY = """\
NOTIFY [$peer] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From:[$to];tag=[pid]c[call_number]
To:[$from]
Call-ID: [call_id]
CSeq: {cseq} NOTIFY
Contact: <sip:carrier@[local_ip]:[local_port]>
Event: refer
Subscription-State: {state}
Max-Forwards: 70
Content-Type: message/sipfrag;version=2.0
Content-Length: [len]

SIP/2.0 {status} So
"""
HEADERS = (("CSeq:", "cseq"), ("From:", "from"), ("To:", "to"))


def answer(status, sdp=False, tag=";tag=[pid]c[call_number]", cseq="[last_CSeq:]"):
    """A response, as text."""
    body = f"Content-Type: application/sdp\nContent-Length: [len]\n\n{SDP}" if sdp else "Content-Length: 0\n"
    return (
        f"SIP/2.0 {status}\n[last_Via:]\n[last_From:]\n[last_To:]{tag}\n[last_Call-ID:]\n{cseq}\n"
        f"Contact: <sip:carrier@[local_ip]:[local_port]>\n{body}"
    )


def send(text, more=""):
    return f"<send{more}><![CDATA[\n{text}\n]]></send>"


def _ms(seconds):
    return max(1, round(seconds * 1000))


def _story(suffix, plan):
    """The elements of one kind of customer."""
    yield f'<label id="{suffix}"/>'
    if plan.early_media:
        yield send(answer("183 Session Progress", sdp=True))
    elif plan.rings:
        yield send(answer("180 Ringing"))
    if plan.ring_s >= NEVER:
        yield '<recv request="CANCEL" next="cancelled"/>'
        return
    after = f"{suffix}b"
    yield f'<recv request="CANCEL" timeout="{_ms(plan.ring_s)}" ontimeout="{after}" next="cancelled"/>'
    yield f'<label id="{after}"/>'
    if plan.status is not None:
        yield send(answer(f"{plan.status} No"), ' retrans="500"')
        yield '<recv request="ACK" next="end"/>'
        return
    yield send(answer("200 OK", sdp=True), ' retrans="500"')
    yield '<recv request="ACK"/>'
    if plan.refer != (100,):
        yield f'<recv request="REFER" optional="true" next="{suffix}r"/>'
    if plan.patience_s is None:
        yield '<recv request="BYE" next="bye"/>'
    else:
        yield f'<recv request="BYE" timeout="{_ms(plan.patience_s)}" ontimeout="farbye" next="bye"/>'


def _refer(suffix, said):
    """What the far side makes of a REFER; then the leg is ended, by it or by us."""
    yield f'<label id="{suffix}r"/>'
    for at, status in enumerate(said):
        if status == BYE_SAID:
            yield '<nop next="farbye"/>'
            return
        if not at:
            yield send(answer(f"{status} So", tag=""))
            continue
        state = "active;expires=60" if status < 200 else "terminated;reason=noresource"
        yield send(NOTIFY.format(cseq=at, state=state, status=status), ' retrans="500"')
        yield '<recv response="200"/>'
    yield '<recv request="BYE" next="bye"/>'


def _ends():
    """What all have in common at the end."""
    ok = answer("200 OK", tag="")
    yield f'<label id="bye"/>{send(ok, " next=" + chr(34) + "end" + chr(34))}'
    yield f'<label id="farbye"/>{send(BYE, " retrans=" + chr(34) + "500" + chr(34))}'
    yield '<recv request="BYE" optional="true" next="bye"/><recv response="200" next="end"/>'
    yield f'<label id="pinged"/>{send(answer("200 OK"), " next=" + chr(34) + "end" + chr(34))}'
    yield f'<label id="cancelled"/>{send(answer("200 OK"))}'
    yield send(answer("487 Request Terminated", cseq="CSeq:[$cseq]"), ' retrans="500"')
    yield '<recv request="ACK" next="end"/><label id="end"/><timewait milliseconds="500"/>'


def scenario(people=BY_SUFFIX):
    """The whole of it, as SIPp reads it. Anybody whose number it does not know answers and stays."""
    find = "".join(
        f'<ereg regexp=".*" search_in="hdr" header="{header}" check_it="true" assign_to="{name}"/>'
        for header, name in HEADERS
    )
    tests = "".join(f'<test assign_to="is{s}" variable="n" compare="equal" value="{s}"/>' for s in people)
    ways = "".join(f'<nop next="{suffix}" test="is{suffix}"/>' for suffix in people)
    anybody = "\n".join(_story("anybody", Plan(ring_s=0.2)))
    stories = "\n".join(part for suffix, plan in people.items() for part in _story(suffix, plan))
    stories += "\n".join(
        part for suffix, plan in people.items() for part in _refer(suffix, plan.refer) if plan.refer != (100,)
    )
    return (
        '<?xml version="1.0" encoding="ISO-8859-1" ?>\n<!DOCTYPE scenario SYSTEM "sipp.dtd">\n'
        '<scenario name="people">\n'
        '<recv request="OPTIONS" optional="true" next="pinged"/><recv request="INVITE" crlf="true"><action>'
        '<ereg regexp="^INVITE sip:[^@]*([0-9][0-9][0-9])@" search_in="msg" check_it="true" assign_to="m,digits"/>'
        f'{find}<ereg regexp="sip:[^&gt;]*" search_in="hdr" header="Contact:" check_it="true" assign_to="peer"/>'
        f'<todouble assign_to="n" variable="digits"/>{tests}</action></recv>\n<Reference variables="m"/>\n'
        f"{ways}\n{anybody}\n{stories}\n{chr(10).join(_ends())}\n</scenario>\n"
    )


def free_udp_port():
    """An even one: RTP is on even ports."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            if (port := probe.getsockname()[1]) % 2 == 0:
                return port


class Carrier:
    """The process. `port` is where it takes calls."""

    def __init__(self, folder):
        (folder / "people.xml").write_text(scenario())
        self._log = (folder / "sipp.log").open("wb")
        for _ in range(5):  # it takes more ports than it is told, and one may be somebody's
            self.port = free_udp_port()
            self._process = self._start(folder)
            try:
                self._process.wait(0.4)
            except subprocess.TimeoutExpired:
                return
        raise AssertionError((folder / "sipp.log").read_text())

    def _start(self, folder):
        command = [SIPP, "-sf", "people.xml", "-i", "127.0.0.1", "-p", str(self.port), "-t", "u1", "-ci", "127.0.0.1"]
        command += ["-cp", str(free_udp_port()), "-mi", "127.0.0.1", "-mp", str(free_udp_port()), "-rtp_echo"]
        command += ["-nostdin", "-aa", "-l", "500", "-default_behaviors", "all,-abortunexp", "-trace_err"]
        return subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT
        )

    @property
    def runs(self):
        return self._process.poll() is None

    def stop(self):
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._log.close()
