"""What an attempt came to, when it is over: by how far the call got, then by what the network said."""

from fsdialer.core.call_facts import Call
from fsdialer.core.dispositions import Disposition, Verdict, classify
from fsdialer.core.effects import CloseCall


def verdict(call: Call, close: CloseCall) -> Verdict:
    """What the attempt comes to: by how far it got, then by what the network said.

    An answered customer nobody was bridged to is abandoned, whoever hung up first: the law counts them all, but not
    what a detector took for a machine.
    """
    if call.bridged_at is not None:
        detail = "cut off: the operator's phone was gone" if call.cut_off else "talked"
        return Verdict(Disposition.ANSWERED, charged=True, final=True, detail=detail)
    if call.answered_at is not None and call.machine_at is not None and not close.opted_out:
        by = "its beep was heard" if call.beeped_at is not None else "by its greeting"
        return Verdict(Disposition.MACHINE, charged=True, final=False, detail=f"an answering machine: {by}")
    if call.answered_at is not None:
        if call.expired_at is None and call.operator:
            detail = "hung up while being connected"
        elif call.expired_at is None and close.by_customer:
            detail = "hung up before an operator was free"
        else:
            detail = "No free operators"
        if close.opted_out:
            detail = "asked by key not to be called again"
        return Verdict(Disposition.ABANDONED, True, close.opted_out, detail, do_not_call=close.opted_out)
    if call.cancelled:
        return Verdict(Disposition.CANCELLED, charged=False, final=False, detail="cancelled by us")
    return classify(close.cause, close.sip_status, close.rang)
