"""What several verbs share: the settings, the store, and the options that name a company and a campaign."""

import logging
import sys
from typing import TYPE_CHECKING

import click

from fsdialer.errors import NotFound

if TYPE_CHECKING:
    from fsdialer.settings import Settings
    from fsdialer.store import CompanyStore, Store

company_option = click.option("--company", help="The company's id; may be left out when there is only one.")
campaign_option = click.option("--campaign", required=True, help="The campaign's id.")


def read_settings() -> "Settings":
    """The settings; logging begins with them."""
    from fsdialer import settings

    loaded = settings.load()
    logging.basicConfig(
        level=loaded.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr
    )
    return loaded


def open_store() -> "Store":
    """The store the settings name."""
    from fsdialer.store import Store, connect

    return Store(connect(read_settings().redis_url))


def company_of(company: str | None) -> "CompanyStore":
    """The company of that id, or the only one there is; NotFound otherwise."""
    store = open_store()
    if company is None:
        ids = store.companies()
        if len(ids) != 1:
            raise NotFound(f"name the company with --company: there are {', '.join(ids) or 'none yet'}")
        company = ids[0]
    return store.company(company)
