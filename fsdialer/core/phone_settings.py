"""An operator's phone account as each kind of phone takes it: words to type in, or a file it reads. Pure.

Sources: MicroSIP's settings.cpp (a password in clear is encrypted at its first start) and mainDlg.cpp (`header` answers
calls that say Call-Info: answer-after=0); Grandstream's configuration templates (P-values); baresip's accounts file.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

from fsdialer.core.campaigns import Operator, Station
from fsdialer.core.switch_config import Phone

#: How often a phone registers anew (s), so that a lost one is soon missed; a Grandstream counts minutes.
REGISTERED_S, REGISTERED_MIN = 60, 1


@dataclass(frozen=True, slots=True)
class Account:
    """A phone and where it registers. `port`: empty for 5060; `browsers`: the WebSocket when not the switch's own."""

    phone: Phone
    domain: str
    port: str = ""
    browsers: str = ""

    @property
    def server(self) -> str:
        """Address and, unless it is 5060, port."""
        return f"{self.domain}:{self.port}" if self.port else self.domain

    @property
    def name(self) -> str:
        """The operator's name on one line."""
        return " ".join((self.phone.name or self.phone.operator).split())


def elsewhere(operator: Operator) -> str:
    """Where their phone is, in words, when it does not register with our switches; empty when it does."""
    if operator.dial:
        return f"operator {operator.id} is rung at {operator.dial}: their phone does not register here"
    if operator.station is Station.REFER:
        return f"the phone of operator {operator.id} is on your own PBX (refer): its settings are there"
    return ""


def in_words(account: Account, command: bool = True) -> Iterator[str]:
    """What to type into each kind of phone, in lines; with `command` how to have the file it reads instead."""
    phone, domain = account.phone, account.domain
    whose = f"{account.name} ({phone.company}/{phone.operator})"
    if phone.in_browser:
        yield f"The phone of {whose} is in their page: sign in, nothing to type."
        yield 'For a phone on the desk set station to "ring" or "nailed".'
        return
    yield f"Phone of {whose}"
    yield f"  server          {account.server}"
    yield f"  domain          {domain}"
    yield f"  user, login     {phone.extension}"
    yield f"  password        {phone.password}"
    yield "MicroSIP: Add account: SIP server, domain, user name, login, password as above; auto answer: SIP header."
    yield "Grandstream: Account: SIP server, SIP user id, authenticate id, password as above; NAT: keep-alive;"
    yield "  Call settings: allow auto answer by Call-Info: yes."
    yield "baresip, one line of ~/.baresip/accounts:"
    yield "  " + baresip(account).strip()
    browsers = account.browsers or f"wss://{domain}:7443"
    yield f"Browser (JsSIP, SIP.js): {browsers}, sip:{phone.extension}@{domain}, password as above"
    if command:
        yield f"The same as a file for the phone: --for {'|'.join(FILES)}."


def microsip(account: Account) -> str:
    """``%APPDATA%\\MicroSIP\\MicroSIP.ini`` of a MicroSIP that is not running."""
    phone = account.phone
    lines = (
        "[Settings]", "accountId=1", "singleMode=1", "autoAnswer=header",
        "[Account1]", f"label={account.name}", f"server={account.server}", f"domain={account.domain}",
        f"username={phone.extension}", f"authID={phone.extension}", f"password={phone.password}",
        f"displayName={account.name}", "transport=udp", "publish=0", "ICE=0", "allowRewrite=1",
    )  # fmt: skip
    return "\r\n".join(lines) + "\r\n"


def grandstream(account: Account) -> str:
    """``cfg<MAC>.xml``, which a Grandstream takes from its config server or by upload: account 1 and what it needs."""
    phone = account.phone
    values = {
        "P271": "1", "P270": account.name, "P47": account.server, "P35": phone.extension, "P36": phone.extension,
        "P34": phone.password, "P3": account.name,
        # UDP, registering, each so many minutes; keep-alive through NAT.
        "P130": "0", "P31": "1", "P32": str(REGISTERED_MIN), "P52": "2",
        # Answers by itself what says so in Call-Info, and nothing else.
        "P298": "1", "P90": "0",
        # G722, PCMU, PCMA.
        "P57": "9", "P58": "0", "P59": "8",
    }  # fmt: skip
    top = ElementTree.Element("gs_provision", version="1")
    config = ElementTree.SubElement(top, "config", version="1")
    for name, value in values.items():
        ElementTree.SubElement(config, name).text = value
    ElementTree.indent(top)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(top, encoding="unicode") + "\n"


def baresip(account: Account) -> str:
    """A line of ``~/.baresip/accounts``."""
    user, out = account.phone.extension, f';outbound="sip:{account.server}"' if account.port else ""
    return (
        f"<sip:{user}@{account.domain}>{out};auth_user={user};auth_pass={account.phone.password}"
        f";answermode=auto;regint={REGISTERED_S}\n"
    )


#: By what `--for` calls them.
FILES: dict[str, Callable[[Account], str]] = {"microsip": microsip, "grandstream": grandstream, "baresip": baresip}


def as_file(kind: str, account: Account) -> bytes:
    """What stands in the file. MicroSIP takes one without a mark for Windows' own 8-bit letters, so a name in any
    others comes as it writes them itself: UTF-16 with a mark."""
    text = FILES[kind](account)
    return text.encode() if text.isascii() or kind != "microsip" else b"\xff\xfe" + text.encode("utf-16-le")
