"""What a value in a command to a switch may be made of, by kind of value. Knows no command."""

import re
import unicodedata

from fsdialer.errors import UnsafeCommand

UUID = re.compile(r"[0-9A-Za-z-]{1,64}")
# Without ":_:", which parts several originates in one.
DESTINATION = re.compile(r"(?!.*:_:)(sofia|user|loopback|verto\.rtc|error)/[0-9A-Za-z_.@:/+*#-]{1,300}")
NUMBER = re.compile(r"(\+?[0-9*#]{1,24})?")
CAUSE = re.compile(r"[A-Z][A-Z0-9_]{1,40}")
EVENT = re.compile(r"[A-Z][A-Z0-9_]{1,40}|[a-z][a-z_]{0,30}::[a-z_]{1,30}")
TAG = re.compile(r"[0-9A-Za-z_.-]{0,64}")
EXTENSION = re.compile(r"[0-9A-Za-z_.-]{1,64}")
DOMAIN = re.compile(r"[0-9A-Za-z.:-]{0,253}")
NAME = re.compile(r"[0-9A-Za-z_.-]{1,64}")
VARIABLE = re.compile(r"[a-z][a-z0-9_]{0,63}")
JOB = re.compile(r"[0-9A-Za-z_.:-]{1,200}")
FILE = re.compile(r"/?[A-Za-z0-9_./-]{1,200}")
RECORDING = re.compile(r"(/[A-Za-z0-9_-][A-Za-z0-9_.-]{0,200}){2,30}\.wav")
DIGIT = re.compile(r"[0-9]")
GENERATED = re.compile(r"(silence|tone)_stream://[A-Za-z0-9%(),.;=*_-]{1,150}")


def checked(what: str, pattern: re.Pattern[str], value: str) -> str:
    """The value, if its every character is allowed; UnsafeCommand, naming `what` it is, if not."""
    if not pattern.fullmatch(value):
        raise UnsafeCommand(f"{what} {value[:60]!r} has characters that may not stand in a command: nothing was sent")
    return value


#: A name shown on a phone: at most so many characters, and bytes as UTF-8.
NAME_LENGTH, NAME_BYTES = 40, 120


def display_name(text: str) -> str:
    """A name for a phone's display: letters, marks and digits of any script, ``.`` and ``-``; invisible characters go,
    and all others become spaces. Nothing of it but those two has a meaning to a switch, which carries it as UTF-8."""
    # Composed first: a few characters become ASCII by it, the Greek question mark a semicolon.
    composed = unicodedata.normalize("NFC", text[: 4 * NAME_LENGTH])
    shown = "".join(c if _shown(c) else " " for c in composed if unicodedata.category(c) != "Cf")
    name = " ".join(shown.split())[:NAME_LENGTH]
    return name.encode()[:NAME_BYTES].decode(errors="ignore").strip() or "Call"


def _shown(character: str) -> bool:
    if character.isascii():
        return character.isalnum() or character in ".-"
    return unicodedata.category(character) in ("Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Nd")
