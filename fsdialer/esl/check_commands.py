"""What `fsdialer check` asks a switch, text out as in `commands`; and the reading of its answers, which are made for
people and come as text or XML. No socket in sight."""

import re
from dataclasses import dataclass
from xml.etree import ElementTree

from fsdialer.core.switch_config import CARRIER_PROFILE, OPERATORS_PROFILE
from fsdialer.core.switches import to_echo
from fsdialer.errors import InvalidSetting, UnsafeCommand
from fsdialer.esl import allowed, marks

#: What a stock FreeSWITCH calls the operators' profile and the carrier's.
STOCK_OPERATORS, STOCK_CARRIER = "internal", "external"
#: What an operator's phone may call to hear itself, and where (`freeswitch/dialplan/operators.xml`).
ECHO_NUMBER, ECHO_CONTEXT = "9196", "operators"
#: Addresses all over the world, of nobody (RFC 5737) and of somebody: whom a list lets in that should let in our own.
#: The first stands for everybody where one is asked for.
STRANGERS = (
    "203.0.113.1",
    "8.8.8.8",
    "45.33.32.156",
    "93.184.216.34",
    "151.101.1.69",
    "185.15.59.224",
    "2001:4860:4860::8888",
    "2a00:1450:4001::1",
)
ANYBODY = STRANGERS[0]
#: The tone that has to come back (Hz), and for how long it is played (ms).
TONE_HZ, TONE_MS = 440, 2000
#: How the switch ends a test call whose tone came back, and one whose tone did not.
HEARD, SILENT = "NORMAL_CLEARING", "MEDIA_TIMEOUT"

_LIST = re.compile(r"[A-Za-z0-9_.:/-]{1,64}")
_PATH = re.compile(r"/[A-Za-z0-9_./-]{0,400}")
_UUID = re.compile(r"[0-9a-f-]{36}")
_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")


def version() -> str:
    """``1.11.1-release``."""
    return "version short"


def clock() -> str:
    """Its clock, in whole epoch seconds."""
    return "strepoch"


def max_sessions() -> str:
    """How many channels there may be."""
    return "fsctl max_sessions"


def sessions_per_second() -> str:
    """How many may be made in a second."""
    return "fsctl sps"


def paused(direction: str) -> str:
    """Is it told to take no new channels, ``inbound`` or ``outbound``? ``true`` or ``false``."""
    return f"fsctl pause_check {_checked(_LIST, direction)}"


def profiles() -> str:
    """Every SIP profile, alias and gateway with its state, as XML."""
    return "sofia xmlstatus"


def operators_profile(name: str) -> str:
    """A profile's addresses, as XML."""
    return f"sofia xmlstatus profile {_checked(_LIST, name)}"


def event_socket() -> str:
    """The Event Socket's own configuration, as XML."""
    return "xml_locate configuration configuration name event_socket.conf"


def access_lists() -> str:
    """The lists of networks, as XML."""
    return "xml_locate configuration configuration name acl.conf"


def admits(address: str, access_list: str) -> str:
    """Does an access list let an address in? ``true`` or ``false``."""
    return f"acl {_checked(_LIST, address)} {_checked(_LIST, access_list)}"


def sees(path: str) -> str:
    """Does the switch see a file or directory? ``true`` or ``false``."""
    return f"file_exists {_checked(_PATH, path)}"


def sound_prefix() -> str:
    """Where sound files are whose path does not begin with /."""
    return "global_getvar sound_prefix"


def is_path(text: str) -> bool:
    """May it be asked for with `sees`?"""
    return bool(_PATH.fullmatch(text))


def originate_echo(leg: str) -> str:
    """Call the echo through the switch itself, play it a tone and listen for it.

    The tone goes out on one channel, through the dialplan to the echo on another, and comes back: heard, the switch
    hangs up with `HEARD` and leaves the milliseconds it took in a variable (`echoed_ms`); else with `SILENT`, and that
    mark. No tag of ours, so that no dialer takes it for a call; over within three seconds whatever happens to us.
    """
    return _originate(leg, f"loopback/{ECHO_NUMBER}/{ECHO_CONTEXT}")


def originate_across(leg: str, at: str) -> str:
    """The same to the echo of another switch, at `at`, where it takes calls of the others."""
    try:
        return _originate(leg, to_echo(at))
    except InvalidSetting:
        raise UnsafeCommand(f"{at[:60]!r} is no address: nothing was sent") from None


def _originate(leg: str, destination: str) -> str:
    steps = (
        f"tone_detect:echo {TONE_HZ} r +{TONE_MS + 1000} hangup {HEARD} 1",
        f"playback:tone_stream://%({TONE_MS}\\,0\\,{TONE_HZ})",
        marks.leave_silent(leg),
        f"hangup:{SILENT}",
    )
    settings = f"origination_uuid={_checked(_UUID, leg)},originate_timeout=3"
    return f"originate {{{settings}}}{destination} '{','.join(steps)}' inline"


def account(extension: str, domain: str) -> str:
    """The hash the switch holds a phone's password against; nothing for a phone it does not know."""
    return f"user_data {_checked(_LIST, extension)}@{_checked(_LIST, domain)} param a1-hash"


def knows_domain(domain: str) -> str:
    """Is it one of the switch's directory?"""
    return f"domain_exists {_checked(allowed.DOMAIN, domain)}"


def own_domain() -> str:
    """The one its configuration calls its own; an error where there is none."""
    return "global_getvar domain"


# -- and what it says ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Profile:
    """A SIP profile or another name of one."""

    name: str
    state: str

    @property
    def is_alias(self) -> bool:
        """Another name of a profile that has one of its own."""
        return self.state == "ALIASED"

    @property
    def runs(self) -> bool:
        """An alias stands for a profile that is there."""
        return self.state.startswith(("RUNNING", "ALIASED"))


@dataclass(frozen=True, slots=True)
class Door:
    """How the Event Socket is guarded. `access_list` empty: FreeSWITCH's own rule, which is this machine alone."""

    listens_on: str
    access_list: str

    @property
    def loopback(self) -> bool:
        """Can it be reached from its own machine alone?"""
        return self.listens_on.startswith("127.") or self.listens_on in ("::1", "localhost")


def read_version(text: str) -> tuple[int, int, int] | None:
    """``1.11.1-release`` as (1, 11, 1)."""
    found = _VERSION.search(text)
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


def read_limit(text: str) -> int | None:
    """The figure of ``+OK max sessions: 2000``."""
    words = text.split()
    return int(words[-1]) if text.startswith("+OK") and words[-1].isdecimal() else None


def read_profiles(text: str) -> list[Profile]:
    """Of `profiles`; a profile that listens in several ways stands there more than once. ValueError for no XML."""
    root = _xml(text)
    found = [each for each in root if each.tag in ("profile", "alias")]
    return [Profile(each.findtext("name", "").strip(), each.findtext("state", "").strip()) for each in found]


def read_websockets(text: str) -> dict[str, tuple[str, int]]:
    """Where a profile listens for browsers: ``ws`` and ``wss`` → host and port; those it has. ValueError for no XML."""
    root, found = _xml(text), {}
    for kind in ("ws", "wss"):
        address = re.search(r"@(\[[^\]]+\]|[^:;]+):(\d+)", root.findtext(f"profile-info/{kind}-bind-url", ""))
        if address:
            found[kind] = (address[1].strip("[]"), int(address[2]))
    return found


def read_door(text: str) -> Door:
    """Of `event_socket`; ValueError for no XML. Without a word in it FreeSWITCH listens on every address."""
    params = {each.get("name", ""): each.get("value", "") for each in _xml(text).iter("param")}
    return Door(params.get("listen-ip", "::"), params.get("apply-inbound-acl", ""))


def read_access_list(text: str, name: str) -> tuple[bool, dict[str, bool]]:
    """Of `access_lists`: whether the list lets in who is on none of its networks (so does one that does not say), and
    network → whether it does. A list that is not there lets in nobody. ValueError for no XML."""
    found = next((each for each in _xml(text).iter("list") if each.get("name") == name), None)
    if found is None:
        return False, {}
    default = _allows(found.get("default", "allow"))
    nodes: dict[str, bool] = {}
    for each in found.iter("node"):
        cidr = each.get("cidr") or f"{each.get('host')}/{each.get('mask')}"
        nodes |= {part.strip(): _allows(each.get("type")) if each.get("type") else default for part in cidr.split(",")}
    return default, nodes


def _allows(word: str | None) -> bool:
    return (word or "").lower() in ("allow", "yes", "on", "true", "t", "enabled", "active", "1")


def read_truth(text: str) -> bool:
    """``true``, whatever stands around it."""
    return text.strip() == "true"


def _xml(text: str) -> ElementTree.Element:
    try:
        return ElementTree.fromstring(text.partition("?>")[2] or text)
    except ElementTree.ParseError as error:
        raise ValueError(f"not XML: {error}: {text[:60]!r}") from None


def _checked(allowed: re.Pattern[str], value: str) -> str:
    if not allowed.fullmatch(value):
        raise UnsafeCommand(f"{value[:60]!r} may not stand in a command: nothing was sent")
    return value


#: The profiles that have to run, each by our name or the stock's, and what for.
PROFILES = (
    ((OPERATORS_PROFILE, STOCK_OPERATORS), "operators' phones"),
    ((CARRIER_PROFILE, STOCK_CARRIER), "the carriers"),
)
