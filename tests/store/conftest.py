"""A company in a real Redis: campaign `spring`, gateway `trunk`, operators ann, bob and cid."""

from decimal import Decimal

import pytest

from fsdialer.core.campaigns import Campaign, Company, Gateway, Mode, Operator
from fsdialer.core.leads import NewLead
from fsdialer.store import Store

NOW = 1_795_400_000.0


@pytest.fixture
def acme(redis):
    redis.sadd("fsdialer:companies", "acme")
    company = Store(redis).company("acme")
    company.setup.save_company(Company("acme", name="Acme"))
    company.setup.save_gateway(Gateway("acme", "trunk", channels=10, calls_per_second=5))
    company.setup.save_campaign(
        Campaign(
            "acme",
            "spring",
            mode=Mode.MULTIPLIER,
            multiplier=Decimal("1.2"),
            gateways=("trunk",),
            max_attempts=3,
        )
    )
    for number, name in enumerate(("ann", "bob", "cid"), 1001):
        company.setup.save_operator(Operator("acme", name, name.title(), str(number), campaigns=("spring",)))
    return company


@pytest.fixture
def owner(acme):
    """The lease of campaign spring, as dialer d1 holds it."""
    return acme.ownership.take("spring", "d1", 60)


@pytest.fixture
def campaign(acme):
    return acme.setup.campaign("spring")


@pytest.fixture
def trunk(acme):
    return acme.setup.gateway("trunk")


def add_leads(acme, count, first=0, priority=0, now=NOW):
    """So many new leads; their ids."""
    leads = [NewLead(f"+1555010{n:04d}", name=f"Lead {n}", priority=priority) for n in range(first, first + count)]
    return acme.leads.add("spring", leads, now).lead_ids
