"""Which gateways a company may be dialled through, a switch knows a name once, and where its operators may be rung."""

from collections.abc import Iterable

from fsdialer.core.campaigns import Gateway
from fsdialer.errors import Refused
from fsdialer.store import CompanyStore
from fsdialer.store.operators import OperatorView


def own(company: CompanyStore, gateways: Iterable[Gateway], now: float) -> list[Gateway]:
    """Those that are the company's; of the others an alert says why nobody is called through them."""
    found = []
    for gateway in gateways:
        name = f"gateway-name.{gateway.name}"
        if company.gateway_names.may_have(gateway):
            company.alerts.clear(name, now, "dialer")
            found.append(gateway)
            continue
        alert = company.alerts.get(name)
        if alert is None or alert.cleared:
            text = (
                f"Nobody is called through gateway {gateway.name}: on the switch the name is another company's. "
                "Give the gateway another name, in its campaigns too, or a host of its own."
            )
            company.alerts.say(name, text, now)
    return found


def check_phone(company: CompanyStore, view: OperatorView) -> None:
    """Refused when an operator may not be reached where they are set up to be: it may have been set by hand, or before
    the company's guard was."""
    if reason := company.setup.barred_phone(view.station, view.extension, view.dial):
        raise Refused(reason)
