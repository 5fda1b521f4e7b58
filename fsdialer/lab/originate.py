"""Reading an originate command: ``{variables}[variables]destination application``, with FreeSWITCH's quoting."""

import re
from dataclasses import dataclass, field


class Usage(Exception):
    """Not an originate command; FreeSWITCH answers with its usage."""


@dataclass
class Originate:
    """A command that was understood. `applications` are name and argument, in order; `inline` their text, if inline."""

    destination: str
    applications: list[tuple[str, str]]
    variables: dict[str, str] = field(default_factory=dict)
    inline: str = ""


def parse(text: str) -> Originate:
    """The parts of an originate's argument; Usage when it has not two to seven."""
    variables: dict[str, str] = {}
    text = text.strip()
    while text[:1] in ("{", "["):
        inside, text = _bracket(text)
        variables |= _variables(inside)
    words = _words(text)
    if not 2 <= len(words) <= 7:
        raise Usage
    destination = words[0]
    while destination[:1] in ("{", "["):
        inside, destination = _bracket(destination)
        variables |= _variables(inside)
    dialplan = words[2] if len(words) > 2 else ""
    inline = words[1] if dialplan == "inline" and not words[1].startswith("&") else ""
    return Originate(destination, _applications(words[1], dialplan), variables, inline)


def applications_inline(text: str) -> list[tuple[str, str]]:
    """``app:data,app:data`` of an inline dialplan; a comma in data is written ``\\,``."""
    found = []
    for part in _split(text, ","):
        name, _, data = part.partition(":")
        if name:
            found.append((name, data))
    return found


def _applications(word: str, dialplan: str) -> list[tuple[str, str]]:
    if word.startswith("&"):
        match = re.fullmatch(r"&(\w+)(?:\((.*)\))?", word, re.S)
        if match is None:
            raise Usage
        return [(match[1], match[2] or "")]
    if dialplan == "inline":
        return applications_inline(word)
    return [("transfer", word)]


def _bracket(text: str) -> tuple[str, str]:
    """What stands in the first pair of brackets, and what follows it."""
    opening = text[0]
    closing = "}" if opening == "{" else "]"
    depth, quoted = 0, False
    for at, char in enumerate(text):
        if char == "'":
            quoted = not quoted
        elif not quoted and char == opening:
            depth += 1
        elif not quoted and char == closing:
            depth -= 1
            if not depth:
                return text[1:at], text[at + 1 :].lstrip()
    raise Usage


def _variables(text: str) -> dict[str, str]:
    found = {}
    for part in _split(text, ","):
        name, equals, value = part.partition("=")
        if equals:
            found[name.strip()] = value.strip("'")
    return found


def _split(text: str, separator: str) -> list[str]:
    """Split at a separator that is neither quoted nor escaped; the escape is taken away."""
    parts, part, quoted, escaped = [], "", False, False
    for char in text:
        if escaped:
            part += char if char == separator else "\\" + char
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == separator and not quoted:
            parts.append(part)
            part = ""
        else:
            quoted ^= char == "'"
            part += char
    return [*parts, part]


def _words(text: str) -> list[str]:
    """Split at spaces outside quotes; outer quotes are taken away."""
    words, word, quoted = [], "", False
    for char in text:
        if char == "'":
            quoted = not quoted
        elif char == " " and not quoted:
            if word:
                words.append(word)
            word = ""
        else:
            word += char
    return [*words, word] if word else words
