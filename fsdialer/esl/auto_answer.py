"""How a phone is asked to answer by itself, by its family: channel variables of the leg that rings it."""

from collections.abc import Mapping

from fsdialer.errors import UnsafeCommand

#: ``sip_auto_answer`` makes FreeSWITCH send ``Call-Info: <sip:…>;answer-after=0`` and ``;intercom=true``.
_ASKS: Mapping[str, Mapping[str, str]] = {
    "call-info": {"sip_auto_answer": "true"},
    "alert-info": {"sip_h_Alert-Info": "<http://127.0.0.1>;info=alert-autoanswer;delay=0"},
    "none": {},
}


def variables(family: str) -> Mapping[str, str]:
    """Those of a family; UnsafeCommand for one there is not."""
    if family not in _ASKS:
        raise UnsafeCommand(f"phone family {family[:40]!r} is none of {', '.join(_ASKS)}: nothing was sent")
    return _ASKS[family]
