"""A held line whose operator nobody knows any more: Redis was started empty, and the switch still has the line."""

from types import SimpleNamespace

from fsdialer.engine.line_care import LineCare
from fsdialer.errors import NotFound


def nobody(operator):
    raise NotFound(f"no operator {operator!r}")


def test_a_line_of_an_operator_nobody_knows_keeps_no_other_from_being_looked_at():
    company = SimpleNamespace(operators=SimpleNamespace(view=nobody))
    lines = [(leg, SimpleNamespace(company=company, operator="1001", up=True)) for leg in ("u-1", "u-2")]
    held = SimpleNamespace(on=lambda switch: lines, holds=lambda leg: True)
    asked = []
    link = SimpleNamespace(
        address=SimpleNamespace(name="fs1"), ask=lambda command: asked.append(command.split()[-1]) or "true"
    )
    LineCare(held, lambda: 0.0).look(link, SimpleNamespace())
    assert asked == ["u-1", "u-2"]
