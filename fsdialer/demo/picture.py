"""The lab's live picture in the terminal, drawn from the same snapshot that `fsdialer status` prints."""

from typing import Any

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

_STATES = {
    "available": ("free", "green"),
    "reserved": ("being connected", "yellow"),
    "on_call": ("talking", "bright_cyan"),
    "wrap_up": ("wrap-up", "blue"),
    "paused": ("paused", "magenta"),
    "connecting": ("phone being called", "yellow"),
    "off": ("off the line", "bright_black"),
}
_DISPOSITIONS = ("answered", "abandoned", "missed", "unavailable", "busy", "technical", "dead", "cancelled")
_LABELS = {"abandoned": "No free operators", "dead": "number does not exist"}


def picture(snapshot: dict[str, Any], operators: list[Any], now: float, head: list[str]) -> RenderableType:
    """The whole screen. `operators` are store views; `head` the lines to stand above (address, login)."""
    return Group(
        Panel("\n".join(head), title="fsdialer lab", border_style="cyan", expand=False),
        Columns([_operators(operators, now), _calls(snapshot), _results(snapshot), _retries(snapshot, now)]),
        Text(f"Pacing: {snapshot['pace'].get('reason', 'no decision yet')}", style="italic"),
        Text("Ctrl-C ends the lab.", style="bright_black"),
    )


def _operators(operators: list[Any], now: float) -> Table:
    table = Table(title="Operators", title_justify="left")
    for column in ("Seat", "State", "for"):
        table.add_column(column)
    for view in operators:
        label, colour = _STATES.get(view.state, (view.state, "white"))
        since = _clock(now - view.since) if view.since else ""
        table.add_row(f"{view.id} {view.name}", Text(label, style=colour), since)
    return table


def _calls(snapshot: dict[str, Any]) -> Table:
    table = Table(title="Now", title_justify="left", show_header=False)
    for state in ("dialling", "ringing", "waiting", "connecting", "talking"):
        table.add_row(f"calls {state}", str(snapshot["calls"].get(state, 0)))
    for state in ("due", "waiting", "done"):
        table.add_row(f"leads {state}", str(snapshot["leads"][state]))
    return table


def _results(snapshot: dict[str, Any]) -> Table:
    today, voice = snapshot["today"], snapshot["voice_ms"]
    table = Table(title="Since the start", title_justify="left", show_header=False)
    table.add_row("attempts", str(today.get("attempts", 0)))
    for name in _DISPOSITIONS:
        table.add_row(_LABELS.get(name, name), str(today.get(name, 0)))
    table.add_row("abandon rate", f"{snapshot['abandon_rate']:.1%}")
    p50, p99 = voice["p50"], voice["p99"]
    table.add_row("answer to voice", "–" if p50 is None else f"{p50:.0f} ms (p99 {p99:.0f})")
    return table


def _retries(snapshot: dict[str, Any], now: float) -> Table:
    table = Table(title="Next to be called again", title_justify="left", show_header=False)
    for retry in snapshot["next_retries"]:
        table.add_row(f"lead {retry['lead']}", f"in {_clock(max(0, retry['at'] - now))}")
    if not snapshot["next_retries"]:
        table.add_row("nobody", "")
    return table


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
