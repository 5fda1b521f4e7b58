"""What went wrong with an operator's phone, in words the operator can act on.

The causes are FreeSWITCH's, as the captures `operator-not-registered` and `operator-leg-no-answer` show them.
"""

_WORDS = {
    "USER_NOT_REGISTERED": "is not registered: start it, or check its account and network",
    "SUBSCRIBER_ABSENT": "is not registered: start it, or check its account and network",
    "NO_ANSWER": "did not answer: switch on its automatic answer",
    "ALLOTTED_TIMEOUT": "did not answer: switch on its automatic answer",
    "NO_USER_RESPONSE": "could not be reached: check its network and firewall",
    "RECOVERY_ON_TIMER_EXPIRE": "could not be reached: check its network and firewall",
    "USER_BUSY": "is busy: end its other call",
    "CALL_REJECTED": "refused the call: switch off do-not-disturb and pick up",
    "NORMAL_CLEARING": "was hung up",
    "ORIGINATOR_CANCEL": "did not answer: switch on its automatic answer",
}


def phone_failure(extension: str, cause: str) -> str:
    """The sentence shown on the operator's page; `cause` is a hangup cause or words of our own."""
    words = _WORDS.get(cause)
    if words is None:
        words = f"failed ({cause})" if cause.isupper() else cause
    return f"Your phone {extension} {words}. Get on the line again when it works."
