"""What is wrong with an operator's phone, in words the operator can act on: after a failed call, and after a test.

The causes are FreeSWITCH's, as the captures `operator-not-registered` and `operator-leg-no-answer` show them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fsdialer.core.campaigns import PhoneFamily, PhoneTestRule

_UNREACHED = "could not be reached: start it again, or check its network and firewall"
_WORDS = {
    "USER_NOT_REGISTERED": "is not registered: start it, or check its account and network",
    "SUBSCRIBER_ABSENT": "is not registered: start it, or check its account and network",
    "NO_ANSWER": "did not answer: switch on its automatic answer",
    "ALLOTTED_TIMEOUT": "did not answer: switch on its automatic answer",
    "NO_USER_RESPONSE": _UNREACHED,
    "RECOVERY_ON_TIMER_EXPIRE": _UNREACHED,
    "NORMAL_TEMPORARY_FAILURE": _UNREACHED,  # nobody listens where it registered: it was cut off, or ended badly
    "NETWORK_OUT_OF_ORDER": _UNREACHED,
    "DESTINATION_OUT_OF_ORDER": _UNREACHED,
    "MEDIA_TIMEOUT": "was cut off: check its network and firewall",
    "INCOMPATIBLE_DESTINATION": "has no codec in common with the switch: allow PCMU or PCMA in it",
    "UNALLOCATED_NUMBER": "is not known where it was called: check its extension and account",
    "USER_BUSY": "is busy: end its other call",
    "CALL_REJECTED": "refused the call: switch off do-not-disturb and pick up",
    "NORMAL_CLEARING": "was hung up",
    "ORIGINATOR_CANCEL": "did not answer: switch on its automatic answer",
}
#: How a leg ends whose phone was not there any more: no sound came, it did not know the call, it did not answer.
CUT_OFF = frozenset({"MEDIA_TIMEOUT", "NORMAL_TEMPORARY_FAILURE", "RECOVERY_ON_TIMER_EXPIRE"})
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


@dataclass(frozen=True, slots=True)
class PhoneTest:
    """How a test went. `words` are for the operator; `answered_after_s` None when it was not answered."""

    ok: bool
    words: str
    answered_after_s: float | None = None


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


def goes_on(rule: PhoneTestRule, test: PhoneTest) -> bool:
    """Does an operator whose phone was tested so get on the line?"""
    return test.ok or (rule is not PhoneTestRule.REQUIRE and test.answered_after_s is not None)


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
) -> PhoneTest:
    """The verdict on a test call that ended with `cause`, `packets` of audio having come from the phone (None: the
    switch did not count), `heard`: not all of it silence. It was registered at these `addresses` (host:port), one of
    them maybe twice; at the `shared` ones other extensions are, too."""
    if answered_after_s is None:
        return PhoneTest(False, f"Your phone {extension} {_words(cause, in_browser) or f'failed ({cause})'}.")
    said = f"Your phone {extension} answered after {answered_after_s:.1f} s"
    if packets is not None and packets < ENOUGH_PACKETS:
        words = f"{said}, but no audio came from it: check its microphone, then the firewall and NAT between."
        return PhoneTest(False, words, answered_after_s)
    if not heard:
        words = f"{said}, but only silence came from it: say something after the tone; is its microphone muted?"
        return PhoneTest(False, words, answered_after_s)
    twice = next((address for address in addresses if addresses.count(address) > 1), "")
    if twice:
        words = f"{said}, but the same address ({twice}) is registered twice: remove one account there, or restart."
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
    return PhoneTest(True, f"{said} and its audio came through. {QUESTION}", answered_after_s)
