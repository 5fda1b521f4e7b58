"""Does a switch know operators and gateways as they are set up now? From the web, or by the files it was given."""

from collections.abc import Callable, Iterator

from fsdialer.core.switch_config import a1_hash, fingerprint, from_web, marks, unclashing
from fsdialer.esl import check_commands as ask
from fsdialer.esl import commands, setup_commands
from fsdialer.store import CompanyStore
from fsdialer.verbs.check.finding import Finding, fail, judge, ok, warn
from fsdialer.verbs.check.needs import Needs

#: What to do about a switch that reads something else.
MEND = (
    "start the web, and see web_url (it ends in /switch/directory) and web_secret in its vars.xml (its log: CURL "
    "returned error, HTTP error 403 or 405); "
    "with --static files: write them again, and `fsdialer freeswitch reload`"
)


def look_at_accounts(
    api: Callable[[str], str], name: str, domain: str, secret_key: str, companies: list[CompanyStore], needs: Needs
) -> Iterator[Finding]:
    """Nothing is said of a switch that gets neither from us, nor of phones when there is no `secret_key` or domain."""
    trunks = [trunk for company in companies for trunk in company.accounts.trunks()]
    wanted = {trunk.gateway.name: fingerprint(trunk) for trunk in trunks}
    said = api(setup_commands.offered_gateways())
    offered = marks(said)
    if offered is not None and api(commands.module_exists("mod_xml_curl")).strip() == "true":
        yield _web(name, from_web(said), bool(needs.browsers))
    if wanted and offered is not None:
        old = sorted(each for each in wanted if offered.get(each) != wanted[each])
        words = f"other settings of gateway {', '.join(old)} than are set up" if old else "gateways as they are set up"
        yield judge(not old, f"{name}: reads {words}", MEND)
    if not secret_key or not domain:
        return
    phones = [phone for company in companies for phone in company.accounts.phones(secret_key) if not phone.in_browser]
    phones = unclashing(phones, lambda phone: phone.extension)[0]
    known = {phone.extension: api(ask.account(phone.extension, domain)).strip() for phone in phones}
    other = [p.extension for p in phones if known[p.extension] != a1_hash(p.extension, domain, p.password)]
    if phones and not any("not found" in each.lower() for each in known.values()):
        words = f"another password for phone {', '.join(other)}, or none" if other else "the passwords of all phones"
        yield judge(not other, f"{name}: reads {words}", MEND)


def _web(name: str, answers: bool, browsers: bool) -> Finding:
    if answers:
        return ok(f"{name}: the web answers it")
    if browsers:
        return fail(f"{name}: the web does not answer it: phones in operators' pages cannot register", MEND)
    return warn(f"{name}: the web does not answer it: it lives on what it was told before, and on its files", MEND)
