"""What is wrong with an operator's phone, in words the operator can act on: after a failed call, and after a test.

The causes are FreeSWITCH's, as the captures `operator-not-registered` and `operator-leg-no-answer` show them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fsdialer.core import hand_over
from fsdialer.core.campaigns import HELD_STATIONS, Campaign, PhoneFamily, PhoneTestRule, Station

_UNREACHED = "could not be reached: start it again, or check its network and firewall"
_WORDS = {
    "USER_NOT_REGISTERED": "is not registered: start it, or check its account and network",
    "SUBSCRIBER_ABSENT": "is not registered: start it, or check its account and network",
    "NO_ANSWER": "did not answer: switch on its automatic answer",
    "ALLOTTED_TIMEOUT": "did not answer: switch on its automatic answer",
    "NO_USER_RESPONSE": "says that it is not available: switch off do-not-disturb",  # it answered 480
    "RECOVERY_ON_TIMER_EXPIRE": _UNREACHED,
    "NORMAL_TEMPORARY_FAILURE": _UNREACHED,  # nobody listens where it registered: it was cut off, or ended badly
    "NETWORK_OUT_OF_ORDER": _UNREACHED,
    "DESTINATION_OUT_OF_ORDER": _UNREACHED,
    "INVALID_PROFILE": "could not be rung: the switch's SIP profile for it does not run: tell your administrator",
    "INVALID_GATEWAY": "could not be rung: the switch has no such gateway as its `dial` names: tell your administrator",
    "GATEWAY_DOWN": "could not be rung: the gateway its `dial` names is down: tell your administrator",
    "MEDIA_TIMEOUT": "was cut off: check its network and firewall",
    "INCOMPATIBLE_DESTINATION": "has no codec in common with the switch: allow PCMU or PCMA in it",
    "UNALLOCATED_NUMBER": "is not known where it was called: check its extension and account",
    "USER_BUSY": "is busy: end its other call",
    "CALL_REJECTED": "refused the call: switch off do-not-disturb and pick up",
    "REQUESTED_CHAN_UNAVAIL": "forwards its calls: switch call forwarding off",  # it answered 302
    "MANDATORY_IE_MISSING": "asks the switch for a password: let it take calls without authentication",  # 401, 407
    "NORMAL_CLEARING": "was hung up",
    "ORIGINATOR_CANCEL": "did not answer: switch on its automatic answer",
}
#: How a leg ends whose phone was not there any more: no sound came, it did not know the call, it did not answer.
CUT_OFF = frozenset({"MEDIA_TIMEOUT", "NORMAL_TEMPORARY_FAILURE", "RECOVERY_ON_TIMER_EXPIRE"})
#: How the switch ends a phone it was to bridge to somebody who has hung up meanwhile.
PARTNER_GONE = "DESTINATION_OUT_OF_ORDER"
_IN_PAGE = "is not connected: what is wrong stands beside it on this page"
#: The same of a phone in the operator's page, where it differs.
_BROWSER_WORDS = {
    "USER_NOT_REGISTERED": _IN_PAGE,
    "SUBSCRIBER_ABSENT": _IN_PAGE,
    "NO_ANSWER": "did not answer: keep this page open, and let it use the microphone",
    "ALLOTTED_TIMEOUT": "did not answer: keep this page open, and let it use the microphone",
    "ORIGINATOR_CANCEL": "did not answer: keep this page open, and let it use the microphone",
    "INCOMPATIBLE_DESTINATION": "and the switch found no way to exchange audio: its mod_rtc and mod_opus are needed",
}


def phone_failure(extension: str, cause: str, in_browser: bool = False) -> str:
    """The sentence shown on the operator's page; `cause` is a hangup cause or words of our own."""
    words = _words(cause, in_browser)
    if words is None:
        words = f"failed ({cause})" if cause.isupper() else cause
    return f"Your phone {extension} {words}. Get on the line again when it works."


def line_on_hold(extension: str) -> str:
    """What an operator reads whose phone has put its held line on hold."""
    return f"Your phone {extension} has the line on hold: take it off hold. Until then you get no calls."


def cut_off_alert(name: str, extension: str, in_browser: bool) -> str:
    """The words of the alert when an operator's phone died in a talk."""
    if in_browser:
        mend = "their browser was closed or ended badly, or its network let them down"
    else:
        mend = "it lost its power or network, or was started anew"
    return f"The phone {extension} of {name} was gone in a talk, and a customer was cut off: {mend}."


def _words(cause: str, in_browser: bool) -> str | None:
    return (_BROWSER_WORDS.get(cause) if in_browser else None) or _WORDS.get(cause)


#: Phones that answer by themselves to ``Alert-Info: <http://127.0.0.1>;info=alert-autoanswer``, by what they say of
#: themselves when they register; a Polycom when it is set so. Everybody else we know goes by Call-Info: MicroSIP,
#: baresip, Grandstream, Yealink, Snom, Fanvil, Cisco SPA, Zoiper, JsSIP.
_BY_ALERT_INFO = re.compile(r"^poly|polycom|soundpoint|vvx|aastra|mitel|panasonic|htek|alcatel", re.I)


def family_of(user_agent: str) -> PhoneFamily:
    """The family of a phone that registered as `user_agent`; most answer to Call-Info."""
    return PhoneFamily.ALERT_INFO if _BY_ALERT_INFO.search(user_agent) else PhoneFamily.CALL_INFO


#: Fewer audio packets than this (half a second of 20 ms each) in a test are no audio.
ENOUGH_PACKETS = 25


#: Seconds of a customer's wait that are not the phone's: finding the operator, joining the legs.
_JOIN_S = 0.2


@dataclass(frozen=True, slots=True)
class Patience:
    """How soon a phone that is rung for each call has to answer: after `next_s` (seconds) another operator who is free
    takes the customer, and after `most_s` the customer is gone. `of`: whose customers, where that has to be said."""

    most_s: float
    next_s: float
    of: str = ""


def patience(station: Station, campaigns: Sequence[Campaign]) -> Patience | None:
    """Of the operator's `campaigns` the one with the least: a phone that was tested is good for the line of each, for a
    whole shift. None for phones that are held up, which are rung before there is a customer."""
    if station in HELD_STATIONS or not campaigns:
        return None
    if station is Station.REFER:  # meanwhile the customer hears ringing
        limits = [(hand_over.connect_limit_s(each.operator_ring_s), each) for each in campaigns]
    else:
        limits = [(each.max_wait_s, each) for each in campaigns]
    most_s, campaign = min(limits, key=lambda limit: limit[0])
    next_s = most_s if station is Station.REFER else min(each.operator_ring_s for each in campaigns)
    return Patience(most_s, next_s, (campaign.name or campaign.id) if len(campaigns) > 1 else "")


def _in_time(answered_after_s: float, waits: Patience) -> bool:
    return answered_after_s <= waits.most_s - _JOIN_S


def _too_slow(waits: Patience, in_browser: bool) -> str:
    """Why such a phone loses its customers."""
    customers = f"customers of {waits.of}" if waits.of else "customers"
    mend = "close what else keeps this computer busy" if in_browser else "switch on its automatic answer"
    return f": {customers} wait {waits.most_s:g} s at most; {mend}."


@dataclass(frozen=True, slots=True)
class PhoneTest:
    """How a test went. `words` are for the operator; `answered_after_s` None when it was not answered."""

    ok: bool
    words: str
    answered_after_s: float | None = None


#: Seconds within which a test that was asked for has a verdict, or no dialer is there: it rings for 12 and talks for 5.
UNHEARD_S = 30.0
NO_DIALER = "No answer from the dialer: is it running? Test your phone again, or tell your administrator."


def unheard(asked_at: float | None, tested_at: float | None, now: float) -> bool:
    """Has nobody done the test that was asked for? Then nobody is to do it any more."""
    return tested_at is None and asked_at is not None and now - asked_at >= UNHEARD_S


#: A phone that was well so long ago (seconds) is tested before the next customer.
SHIFT_S = 12 * 3600
#: Who puts the receiver down so soon (seconds) after a talk is over has ended that talk.
JUST_OVER_S = 3.0
#: A talk this long (seconds) proves a phone as well as a test does.
PROOF_TALK_S = 20.0


def proved(test_ok: bool, tested_at: float | None, talk_s: float, talk_ended_at: float | None, now: float) -> bool:
    """Has a phone shown in this shift that it works: by its last test, or by a talk after that?"""
    if talk_ended_at is not None and talk_s >= PROOF_TALK_S and now - talk_ended_at < SHIFT_S:
        return test_ok or tested_at is None or talk_ended_at > tested_at
    return test_ok and tested_at is not None and now - tested_at < SHIFT_S


def goes_on(rule: PhoneTestRule, test: PhoneTest, waits: Patience | None = None) -> bool:
    """Does an operator whose phone was tested so get on the line, where customers wait so? Never with a phone that does
    not answer before they are gone: each would be lost."""
    if test.ok or rule is PhoneTestRule.REQUIRE or test.answered_after_s is None:
        return test.ok
    return waits is None or _in_time(test.answered_after_s, waits)


#: What only the operator can say of a test that went well.
QUESTION = "Did you hear yourself?"


def asks(words: str) -> bool:
    """Does the verdict on a test wait for the operator's answer?"""
    return words.endswith(QUESTION)


def answered(words: str, heard: bool) -> tuple[bool, str]:
    """The verdict that asked, now that the operator has said whether they heard themselves: well or not, in words."""
    said = words.removesuffix(QUESTION).rstrip(" .")
    if heard:
        return True, f"{said}, both ways."
    return (
        False,
        f"{said}, but you hear nothing: turn its sound up, then look at firewall and NAT.",
    )


def judge_test(
    extension: str,
    cause: str,
    answered_after_s: float | None,
    packets: int | None,
    heard: bool,
    addresses: Sequence[str],
    in_browser: bool = False,
    shared: Mapping[str, Sequence[str]] | None = None,
    waits: Patience | None = None,
    rang: bool = True,
) -> PhoneTest:
    """The verdict on a test call that ended with `cause`, `packets` of audio having come from the phone (None: the
    switch did not count), `heard`: not all of it silence. It was registered at these `addresses` (host:port), one of
    them maybe twice; at the `shared` ones other extensions are, too. `waits`: its customers, None for a held phone.
    `rang`: it said that it rings."""
    if answered_after_s is None:
        if cause == "NO_ANSWER" and not rang and not in_browser:  # nobody is where it registered from
            cause = "RECOVERY_ON_TIMER_EXPIRE"
        return PhoneTest(False, f"Your phone {extension} {_words(cause, in_browser) or f'failed ({cause})'}.")
    said = f"Your phone {extension} answered after {answered_after_s:.1f} s"
    if packets is not None and packets < ENOUGH_PACKETS:
        words = f"{said}, but no audio came from it: check its microphone, then the firewall and NAT between."
        return PhoneTest(False, words, answered_after_s)
    if not heard:
        words = f"{said}, but only silence came from it: say something after the tone; is its microphone muted?"
        return PhoneTest(False, words, answered_after_s)
    if waits and not _in_time(answered_after_s, waits):
        return PhoneTest(False, f"{said}{_too_slow(waits, in_browser)}", answered_after_s)
    twice = next((address for address in addresses if addresses.count(address) > 1), "")
    if twice:
        words = f"{said}, but the same address ({twice}) is registered twice: remove one account there."
        return PhoneTest(False, words, answered_after_s)
    if shared:
        address, others = next(iter(shared.items()))
        words = (
            f"{said}, but its address ({address}) is registered for {' and '.join(others)} too, and rings for their"
            " customers: remove that account there, or give each operator a phone."
        )
        return PhoneTest(False, words, answered_after_s)
    if len(addresses) > 1:
        words = f"{said}, but it is registered at {len(addresses)} addresses: sign the others out, or calls stray."
        return PhoneTest(False, words, answered_after_s)
    if waits and answered_after_s > waits.next_s:
        said += f" (after {waits.next_s:g} s customers go to another operator who is free: a faster one keeps them)"
    return PhoneTest(True, f"{said} and its audio came through. {QUESTION}", answered_after_s)
