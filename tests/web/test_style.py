"""The pages' colours, light and dark: words can be read on what is behind them (WCAG 2.1, 1.4.3)."""

import re
from pathlib import Path

import pytest

CSS = (Path(__file__).parents[2] / "web/static/style.css").read_text()
WORDS = ("ink", "quiet", "accent", "good", "warn", "bad", "talk", "wrap")


def colours(scheme):
    """Role → its colour; what the dark scheme does not name is as in the light one."""
    rules = re.findall(r":root \{(.*?)\}", CSS, re.S)[: 1 + (scheme == "dark")]
    found = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+);", " ".join(rules)))
    return {
        role: value if len(value) == 7 else "#" + "".join(c * 2 for c in value[1:]) for role, value in found.items()
    }


def light(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    r, g, b = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_what_is_behind_them(scheme):
    found = colours(scheme)
    pairs = [(words, behind) for words in WORDS for behind in ("panel", "ground")] + [("accent-ink", "accent")]
    for words, behind in pairs:
        darker, brighter = sorted((light(found[words]), light(found[behind])))
        assert (brighter + 0.05) / (darker + 0.05) >= 4.5, (words, behind)
