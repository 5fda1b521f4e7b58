"""The guard against toll fraud: which numbers a company's leads may make it call.

Whoever can put a number into a list can make it dial. So a company may name the countries and prefixes it calls, and
numbers that cost the caller extra are refused unless it says otherwise. It holds for leads, and for the destinations
operators are rung at (`dial`).
"""

import re
from dataclasses import replace

import phonenumbers
from phonenumbers import PhoneNumberType

from fsdialer.core.campaigns import Company

# Personal (follow-me) numbers, +44 70 above all, cost as much and are as popular with fraudsters.
_COSTLY = {PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST, PhoneNumberType.PERSONAL_NUMBER}
# Satellite networks and international premium rate, by country code (ITU-T E.164 assignments).
_COSTLY_CODES = {870, 878, 881, 882, 883, 979}


def barred(number: str, company: Company) -> str:
    """Why the company may not call `number` (E.164), in words; empty when it may."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return "not a number that can be judged"
    code = parsed.country_code or 0
    costly = phonenumbers.number_type(parsed) in _COSTLY or code in _COSTLY_CODES
    if costly and not company.premium_allowed:
        return "a number that costs the caller extra (premium_allowed is off)"
    allowed = company.allowed_destinations
    if not allowed:
        return ""
    regions = phonenumbers.region_codes_for_country_code(code)
    region = phonenumbers.region_code_for_number(parsed)
    if any(_covers(each, number, {region} if region else set(regions)) for each in allowed):
        return ""
    return f"outside the company's allowed_destinations ({' '.join(allowed)})"


def _covers(destination: str, number: str, regions: set[str]) -> bool:
    return number.startswith(destination) if destination.startswith("+") else destination in regions


# -- operators' own destinations -----------------------------------------------------------------------------------

#: So many digits without a + may be a telephone number; so many in a gateway's hands are one. Fewer: an extension.
_MAYBE, _SURELY = 7, 9
_INTERNATIONAL = re.compile(r"^(00|011)")


def gateway_in(dial: str) -> str:
    """The gateway of ``sofia/gateway/NAME/NUMBER``; empty for any other destination."""
    kind, _, rest = dial.partition("/")
    way, _, rest = rest.partition("/")
    if (kind.lower(), way.lower()) != ("sofia", "gateway"):
        return ""
    return rest.partition("/")[0].rpartition("::")[2]  # also PROFILE::NAME


def barred_dial(dial: str, company: Company) -> str:
    """Why no operator may be rung at this destination, in words: for the telephone number in it; empty when they may.

    Extensions and the names of registered phones are not judged.
    """
    kind, _, rest = dial.partition("@")[0].partition("/")
    if kind.lower() not in ("sofia", "loopback"):
        return ""
    steps = rest.split("/")
    number = steps[0] if kind.lower() == "loopback" else "".join(steps[2 if gateway_in(dial) else 1 :])
    for digits in re.findall(r"\+?[0-9]+", re.sub(r"[-._]", "", number)):
        reason = barred(digits, company) if digits.startswith("+") else _barred_digits(digits, dial, company)
        if reason:
            return f"{digits} is {reason}"
    return ""


def barred_extension(extension: str, company: Company) -> str:
    """Why no customer may be sent to this extension by REFER, nor it be rung through a gateway; empty when they may.
    It is the number of an address that `refer_format` makes, and nothing says that it ends at the company's PBX."""
    user = company.refer_format.partition("@")[0].replace("{number}", extension)
    return barred_dial(f"sofia/pbx/{re.sub('^(sip:)+', '', user.strip(), flags=re.I)}@pbx", company)


def _barred_digits(digits: str, dial: str, company: Company) -> str:
    """Without a + nobody knows how the carrier reads it: refused when one reading costs extra, or none is allowed."""
    readings = _readings(digits, company.country) if len(digits) >= _MAYBE else []
    if not readings:
        lost = len(digits) >= _SURELY and gateway_in(dial)
        return "not a number that can be judged: write it with + and its country code" if lost else ""
    anywhere = replace(company, allowed_destinations=())
    costly = next(filter(None, (barred(each, anywhere) for each in readings)), "")
    reasons = [barred(each, company) for each in readings]
    return costly or (reasons[0] if all(reasons) else "")


def _readings(digits: str, country: str) -> list[str]:
    """The telephone numbers (E.164) these digits are: as dialled in the country, or beginning with a country's code."""
    found: dict[str, None] = {}
    for text in (digits, "+" + _INTERNATIONAL.sub("", digits)):
        try:
            parsed = phonenumbers.parse(text, country)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(parsed):
            found[phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)] = None
    return list(found)
