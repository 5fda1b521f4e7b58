"""Reading an originate command, ``<variables>{variables}[variables]destination application``, as FreeSWITCH quotes.

FreeSWITCH takes text apart three times (at spaces, at commas, at ``=``), and each time quotes and escapes lose a layer:
a comma in a value is written ``\\,`` or avoided by another separator (``{^^:a=b,c:d=e}``); quotes keep only spaces.
"""

import re
from dataclasses import dataclass, field

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "s": " "}
_REFERENCE = re.compile(r"\$\{[^}]*\}")
_CLOSING = {"<": ">", "{": "}", "[": "]"}


class Usage(Exception):
    """Not an originate command; FreeSWITCH answers with its usage."""


class Malformed(Exception):
    """Brackets that do not close; FreeSWITCH finds no way to such a destination."""


@dataclass
class Originate:
    """A command that was understood. `applications` are name and argument, in order; `inline` their text, if inline."""

    destination: str
    applications: list[tuple[str, str]]
    variables: dict[str, str] = field(default_factory=dict)
    inline: str = ""


def parse(text: str) -> Originate:
    """The parts of an originate's argument. Usage when it has not two to seven; Malformed when brackets stay open."""
    words = separate(text, " ")
    if not 2 <= len(words) <= 7:
        raise Usage
    destination = words[0]
    of_all: dict[str, str] = {}
    of_leg: dict[str, str] = {}
    while destination[:1] in _CLOSING:
        opening = destination[0]
        inside, destination = _bracket(destination)
        (of_leg if opening == "[" else of_all).update(_variables(inside))
    clobber = of_all.get("local_var_clobber") == "true"
    variables = {**of_all, **of_leg} if clobber else {**of_leg, **of_all}
    is_inline = words[2:3] == ["inline"] and not words[1].startswith("&")
    return Originate(destination, _applications(words[1], is_inline), variables, words[1] if is_inline else "")


def applications_inline(text: str) -> list[tuple[str, str]]:
    """``app:data,app:data`` of an inline dialplan; ``m:^:app:data^app:data`` names another separator."""
    separator = ","
    if text.startswith("m:") and len(text) > 4:
        separator, text = text[2], text[4:]
    parts = (part.partition(":") for part in separate(text, separator))
    return [(name, data) for name, _, data in parts if name]


def separate(text: str, separator: str, limit: int = 1024) -> list[str]:
    """As `switch_separate_string`: at separators that are neither quoted nor escaped, each part then cleaned.

    ``^^`` and a character at the beginning name another separator. The last of `limit` parts keeps the rest.
    """
    if text.startswith("^^") and len(text) > 3:
        separator, text = text[2], text[3:]
    blank = separator == " "
    text = text.strip(" ") if blank else text
    if "'" not in text and "\\" not in text:
        plain = text.split(separator, limit - 1)
        plain = [part for part in plain if part] if blank else plain if plain[-1] else plain[:-1]
        return [part.strip(" ") for part in plain]
    parts: list[str] = []
    start, at, quoted = 0, 0, False
    while at < len(text) and len(parts) < limit - 1:
        char = text[at]
        if char == "\\":
            at += 1
        elif char == "'" and (quoted or "'" in text[at + 1 :]):
            quoted = not quoted
        elif char == separator and not quoted:
            parts.append(text[start:at])
            while blank and text[at + 1 : at + 2] == " ":
                at += 1
            start = at + 1
        at += 1
    if start < len(text):
        parts.append(text[start:])
    return [_cleaned(part, "" if blank else separator) for part in parts]


def _cleaned(part: str, separator: str) -> str:
    """Without outer spaces, quotes, and one layer of escapes."""
    kept, end, quoted, at = "", 0, False, 0
    part = part.lstrip(" ")
    while at < len(part):
        char, following = part[at], part[at + 1 : at + 2]
        if char == "\\" and following and (following in "'\"\\" + separator or following in _ESCAPES):
            kept += _ESCAPES.get(following, following)
            end = len(kept)
            at += 1
        elif char == "'" and (quoted or "'" in part[at + 1 :]):
            quoted = not quoted
            end = len(kept)
        else:
            kept += char
            end = len(kept) if char != " " or quoted else end
        at += 1
    return kept[:end]


def _bracket(text: str) -> tuple[str, str]:
    """What stands in the first pair of brackets, and what follows it."""
    opening, closing, depth = text[0], _CLOSING[text[0]], 0
    for at, char in enumerate(text):
        depth += (char == opening) - (char == closing)
        if not depth:
            return text[1:at], text[at + 1 :].lstrip(" ")
    raise Malformed


def _variables(text: str) -> dict[str, str]:
    """Name and value; there is nothing here that a ``${name}`` could stand for."""
    pairs = (separate(part, "=", limit=2) for part in separate(text, ","))
    return {pair[0]: _REFERENCE.sub("", pair[1]) for pair in pairs if len(pair) == 2}


def _applications(word: str, is_inline: bool) -> list[tuple[str, str]]:
    if is_inline:
        return applications_inline(word)
    match = re.fullmatch(r"&(\w+)(?:\((.*?)\)?)?", word, re.S)
    return [(match[1], match[2] or "")] if match else [("transfer", word)]
