"""Leads: what one is, how a row of a file becomes one, and in which order they are called.

Nothing a file says is trusted: a number is E.164 or the row is refused, text is plain and bounded.
"""

import itertools
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import phonenumbers

from fsdialer.core.hours import check_zone
from fsdialer.errors import InvalidLead, InvalidSetting

#: The operator's choices: code → label, in the order of their keys on the page.
OUTCOMES = {
    "sale": "Sale",
    "interested": "Interested",
    "not_interested": "Not interested",
    "callback": "Call back later",
    "wrong_number": "Wrong number",
    "machine": "Machine or beeps",
    "do_not_call": "Do not call again",
}

#: Longest text in one field, and the most fields a lead's card may have.
FIELD_LIMIT, FIELDS_LIMIT = 1024, 60
PRIORITIES = range(100)

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
#: What a written number is made of: any script's digits, and what people put between them.
_NUMBER_LIKE = re.compile(r"[+\uff0b]?[\d()./\s\u00a0\-\u2010-\u2015\u2212]{3,40}")
#: What a spreadsheet makes of a number that it takes for a quantity: 7.9E+10, 2125550100.0.
_QUANTITY = re.compile(r"\+?[0-9]+([.,][0-9]+)?E\+?[0-9]+|\+?[0-9]{6,}[.,]0+", re.ASCII | re.IGNORECASE)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")

_ALIASES = {
    "number": (
        *("number", "phone", "phonenumber", "phoneno", "tel", "telephone", "telephonenumber", "msisdn"),
        *("mobile", "mobilephone", "mobilenumber", "cell", "cellphone", "customerphone", "contactnumber"),
        *("telefon", "telefonnummer", "telefono", "téléphone", "telefone", "телефон"),
    ),
    "name": ("name", "fullname", "customer", "customername"),
    "first_name": ("firstname", "givenname"),
    "last_name": ("lastname", "surname", "familyname"),
    "external_id": ("externalid", "id", "leadid", "order", "orderid", "ordernumber", "customerid"),
    "priority": ("priority",),
    "time_zone": ("timezone", "tz"),
}


@dataclass(frozen=True, slots=True)
class NewLead:
    """A lead to be added. `number` is E.164; `priority` 0 to 99, higher first; `fields` are shown on the card;
    `time_zone` is where they are when the file says so, else empty."""

    number: str
    name: str = ""
    external_id: str = ""
    priority: int = 0
    fields: Mapping[str, str] = field(default_factory=dict)
    time_zone: str = ""


@dataclass(frozen=True, slots=True)
class Lead:
    """A lead as it stands. `state`: new, due, waiting, calling or done; `next_at` epoch seconds, while waiting."""

    id: str
    campaign: str
    number: str
    name: str
    external_id: str
    priority: int
    fields: Mapping[str, str]
    state: str
    attempts: int
    disposition: str
    detail: str
    outcome: str
    note: str
    next_at: float | None
    preferred: str


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Which column holds what: `known` meaning → index, `fields` card field → index; `width` columns in all."""

    known: Mapping[str, int]
    fields: Mapping[str, int]
    width: int


def due_score(retry: bool, priority: int, due_at: float) -> float:
    """The lead queue's score, lowest first: new before retries, then by priority, then by when due.

    ``((100 if retry else 0) + 99 - priority) × 10^13 + due time in ms``; exact in a double.
    """
    return ((100 if retry else 0) + (99 - priority)) * 1e13 + int(due_at * 1000)


def e164(text: str, country: str) -> str:
    """The number in international form; InvalidLead when it is none. `country` (ISO, "US") is for those without +."""
    text = _plain_number(text)
    if _QUANTITY.fullmatch(text):  # of 2125550100.0 the last digit would be dialled, too: somebody else's number
        raise InvalidLead("number", f"{_short(text)!r} is what a spreadsheet makes of one: format its column as text")
    if not _NUMBER_LIKE.fullmatch(text):
        raise InvalidLead("number", f"{_short(text)!r} is not a telephone number: digits, spaces and + ( ) - . / only")
    try:
        parsed = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        raise InvalidLead("number", f"{_short(text)!r} is not a telephone number") from None
    number = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    if not phonenumbers.is_valid_number(parsed) or not _E164.fullmatch(number):
        hint = "" if text.lstrip().startswith("+") else f" in {country}: add the country code, like +33…"
        raise InvalidLead("number", f"{_short(text)!r} is not a valid number{hint}")
    return number


def _plain_number(text: str) -> str:
    """Without what copying leaves behind: invisible marks of writing direction, a spreadsheet's leading quote."""
    return "".join(c for c in text if unicodedata.category(c) != "Cf").strip().removeprefix("'")


def parse_header(columns: Sequence[str]) -> ColumnMap:
    """Map a file's header by name, whatever the order; InvalidLead when no column holds the number."""
    meanings = {alias: meaning for meaning, aliases in _ALIASES.items() for alias in aliases}
    known: dict[str, int] = {}
    fields: dict[str, int] = {}
    for index, column in enumerate(columns):
        title = clean(column)
        meaning = meanings.get(re.sub(r"[\s_\-]+", "", title.lower()))
        if meaning is not None and meaning not in known:
            known[meaning] = index
        elif title:
            fields[_unused(_bounded("header", title), fields)] = index
    if "number" not in known:
        seen = ", ".join(repr(_short(clean(c))) for c in columns[:8]) or "nothing"
        raise InvalidLead("number", f"no column for it: name one 'phone' or 'number' (the first line has {seen})")
    if len(fields) > FIELDS_LIMIT:
        raise InvalidLead("header", f"{len(fields)} columns: {FIELDS_LIMIT} fields are the most a card can have")
    return ColumnMap(known, fields, len(columns))


def _unused(title: str, fields: Mapping[str, int]) -> str:
    """The title, numbered when another column has it already: no column is lost."""
    numbered = (f"{title} ({count})" for count in itertools.count(2))
    return next(name for name in itertools.chain([title], numbered) if name not in fields)


def parse_row(columns: ColumnMap, row: Sequence[str], country: str) -> NewLead:
    """The lead of one row; InvalidLead names the field and the reason. Columns missing at the end are empty."""
    if any(cell.strip() for cell in row[columns.width :]):
        raise InvalidLead(
            "row", f"{len(row)} fields where the header has {columns.width}: is a comma or quote in a field not quoted?"
        )

    def text(meaning: str) -> str:
        index = columns.known.get(meaning)
        return _bounded(meaning, row[index]) if index is not None and index < len(row) else ""

    name = text("name") or " ".join(filter(None, (text("first_name"), text("last_name"))))
    number = text("number")
    if not number:
        raise InvalidLead("number", "empty")
    fields = {
        title: value
        for title, index in columns.fields.items()
        if index < len(row) and (value := _bounded(title, row[index]))
    }
    zone, priority = _time_zone(text("time_zone")), _priority(text("priority"))
    return NewLead(e164(number, country), name, text("external_id"), priority, fields, zone)


def clean(text: str) -> str:
    """Plain text on one line: normalised, without control characters, trimmed."""
    return _CONTROLS.sub(" ", unicodedata.normalize("NFC", text)).replace("\ufeff", "").strip()


def _priority(text: str) -> int:
    if not text:
        return 0
    if not re.fullmatch(r"[0-9]{1,2}", text, re.ASCII):
        raise InvalidLead("priority", f"{_short(text)!r} is not a whole number from 0 to 99")
    return int(text)


def _time_zone(text: str) -> str:
    try:
        return check_zone(text) if text else ""
    except InvalidSetting as error:
        raise InvalidLead("time_zone", error.reason) from None


def _bounded(field_name: str, text: str) -> str:
    text = clean(text)
    if len(text) > FIELD_LIMIT:
        raise InvalidLead(field_name, f"{len(text)} characters: {FIELD_LIMIT} are the most")
    return text


def _short(text: str) -> str:
    return text if len(text) <= 30 else text[:29] + "…"
