"""The guard against toll fraud: which numbers a company's leads may make it call.

Whoever can put a number into a list can make it dial. So a company may name the countries and prefixes it calls, and
numbers that cost the caller extra are refused unless it says otherwise.
"""

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
