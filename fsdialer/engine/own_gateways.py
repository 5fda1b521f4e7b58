"""Which gateways a company may be dialled through, a switch knows a name once, and where its operators may be rung."""

from collections.abc import Iterable

from fsdialer.core.campaigns import Gateway
from fsdialer.errors import Refused
from fsdialer.store import CompanyStore


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


def check_dial(company: CompanyStore, dial: str) -> None:
    """Refused when no operator may be rung at this destination of their own: it may have been set by hand, or before
    the company's guard was."""
    if dial and (reason := company.setup.barred_dial(dial)):
        raise Refused(f"{dial} may not be dialled: {reason}")
