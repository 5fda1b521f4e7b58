"""An Event Socket client's filters, as FreeSWITCH takes them: what a header must or must not be."""

import re
from collections.abc import Mapping


class Filter:
    """One filter. A value matches whole, whatever its case; between slashes it is a regular expression.

    Signs and spaces before it are no part of it: ``-`` keeps out what matches. A wrong expression matches nothing.
    """

    def __init__(self, name: str, value: str) -> None:
        self.name, self.value = name, value
        bare = value.lstrip("+- ")
        self.keeps_out = value[: len(value) - len(bare)].rstrip(" ").endswith("-")
        if bare.startswith("/"):
            self._found = _expression(bare.removeprefix("/").removesuffix("/")).search
        else:
            self._found = re.compile(re.escape(bare), re.IGNORECASE).fullmatch

    def matches(self, headers: Mapping[str, str]) -> bool:
        """Has an event (its headers in lower case) the header, with that value?"""
        value = headers.get(self.name.lower())
        return value is not None and self._found(value) is not None


def _expression(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error:
        return re.compile(r"(?!)")


def passes(filters: list[Filter], headers: Mapping[str, str]) -> bool:
    """Without filters everything; else what one of them wants and none keeps out. Keeping out alone lets nothing in."""
    if not filters:
        return True
    lowered = {name.lower(): value for name, value in headers.items()}
    matching = [found for found in filters if found.matches(lowered)]
    return bool(matching) and not any(found.keeps_out for found in matching)
