"""A switch's limits, its own and those it was given, against what the campaigns need of it."""

import math
from collections.abc import Callable, Iterable, Iterator

from fsdialer.core.switches import limits
from fsdialer.esl import check_commands as ask
from fsdialer.store.switches import SwitchView
from fsdialer.verbs.check.finding import Finding, fail, ok, warn
from fsdialer.verbs.check.needs import Needs

#: How much of a limit may be needed before it is tight.
TIGHT = 0.8


def look_at_drains(views: Iterable[SwitchView], names: list[str]) -> Iterator[Finding]:
    """Switches that get no new calls because somebody said so; `names` are those dialers are given."""
    drained = {view.name: view for view in views if view.drained_by and view.name in names}
    for name, view in drained.items():
        what = f"switch {name}: drained by {view.drained_by} at {view.drained_at}: it gets no new calls"
        mend = f"fsdialer switch undrain {name}"
        if len(drained) == len(names):
            yield fail(f"{what}{', nor does any other' if len(names) > 1 else ', and there is no other'}", mend)
        else:
            yield warn(what, f"when it is ready: {mend}")


def look_at_pause(api: Callable[[str], str], name: str) -> Iterator[Finding]:
    """A switch that was told to take nothing new has room, and refuses all the same."""
    paused = [way for way in ("inbound", "outbound") if ask.read_truth(api(ask.paused(way)))]
    if paused:
        yield fail(f"{name}: paused: it makes no new {' or '.join(paused)} channels", "fsctl resume")


def look_at_limits(
    api: Callable[[str], str], name: str, needs: Needs, switches: int, view: SwitchView | None
) -> Iterator[Finding]:
    """Channels at once, and channels begun in a second; `switches` share what is needed. `view`: what was set by hand
    of the switch, if a dialer has met it."""
    most, sps = ask.read_limit(api(ask.max_sessions())), ask.read_limit(api(ask.sessions_per_second()))
    if most is not None:
        why = f"{needs.calls} calls and {needs.phones} phones"
        mend = f"raise max_sessions in vars.xml, and for now: fsctl max_sessions {2 * needs.sessions}"
        yield limit(f"{name}: max_sessions {most}", most, needs.sessions, why, mend, switches)
    if sps is not None:  # FreeSWITCH lets in one less
        need = needs.sessions_per_second
        why = f"{needs.calls_per_second} calls a second, and a phone for each that is answered"
        mend = f"raise sessions_per_second in vars.xml, and for now: fsctl sps {2 * need}"
        yield limit(f"{name}: sessions_per_second {sps}", sps - 1, need, why, mend, switches)
    yield from _kept(name, needs, switches, most, view)


def _kept(name: str, needs: Needs, switches: int, most: int | None, view: SwitchView | None) -> Iterator[Finding]:
    """What the dialers keep to: what was set by hand, else half of what the switch takes."""
    channels, per_second = (view.channels, view.calls_per_second) if view else (0, 0)
    mend, room = f"fsdialer switch limit {name.removeprefix('switch ')}", enough(needs.calls)
    if channels or most is not None:
        kept, _ = limits({"channels": str(channels), "max_sessions": str(most or 0)})
        whose = "as set with `fsdialer switch limit`" if channels else "half of its max_sessions, a call has two legs"
        if not channels:
            mend_calls = f"raise max_sessions to {2 * room} at least, or {mend} --channels {room}"
        else:
            mend_calls = f"{mend} --channels {room}, or 0 for half of max_sessions"
        yield limit(f"{name}: dialers keep to {kept} calls ({whose})", kept, needs.calls, "", mend_calls, switches)
    if per_second:
        need = needs.calls_per_second
        what = f"{name}: dialers keep to {per_second} calls a second (as set with `fsdialer switch limit`)"
        yield limit(what, per_second, need, "", f"{mend} --calls-per-second {enough(need)}", switches)


def enough(need: int) -> int:
    """The least limit that is not tight."""
    return math.ceil(need / TIGHT)


def limit(what: str, has: int, need: int, why: str, mend: str, switches: int) -> Finding:
    """Is it enough?"""
    line = f"{what}; the campaigns need {need}{f' ({why})' if why else ''}"
    line += f" of {switches} switches" if switches > 1 else ""
    share = -(-need // max(1, switches))
    if share > has:
        return fail(line, mend)
    if need > has:
        return warn(f"{line}: it cannot take over all of them should another one fail", mend)
    return warn(line, mend) if share > TIGHT * has else ok(line)
