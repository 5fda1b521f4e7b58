"""The gateways: whose their names are."""

from collections.abc import Iterator

from fsdialer.core.gateway_names import overlap
from fsdialer.store import CompanyStore
from fsdialer.verbs.check.finding import Finding, fail


def look_at_names(companies: list[CompanyStore]) -> Iterator[Finding]:
    """A name that two companies have on one switch, as it may still be from before names had owners, or by hand."""
    names = {name: company for company in companies for name in company.setup.gateway_names()}
    for name, company in sorted(names.items()):
        holders = company.gateway_names.holders(name)
        for at, later in enumerate(holders):
            first = next((each for each in holders[:at] if overlap(each.places, later.places)), None)
            if first is not None:
                what = f"gateway {name} of {later.company} is not dialled: on the switch {first.company} has the name"
                yield fail(what, f"give the gateway of {later.company} another name, or a host of its own")
