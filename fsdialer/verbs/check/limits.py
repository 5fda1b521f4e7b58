"""A switch's own limits against what the campaigns need of it."""

from collections.abc import Callable, Iterator

from fsdialer.esl import check_commands as ask
from fsdialer.verbs.check.finding import Finding, fail, ok, warn
from fsdialer.verbs.check.needs import Needs

#: How much of a limit may be needed before it is tight.
TIGHT = 0.8


def look_at_limits(api: Callable[[str], str], name: str, needs: Needs, switches: int) -> Iterator[Finding]:
    """Channels at once, and channels begun in a second; `switches` share what is needed."""
    most, sps = ask.read_limit(api(ask.max_sessions())), ask.read_limit(api(ask.sessions_per_second()))
    why = f"{needs.calls} calls and {needs.phones} phones"
    if most is not None:
        yield limit(f"{name}: max_sessions {most}", most, needs.sessions, why, "max_sessions", switches)
    if sps is not None:  # FreeSWITCH lets in one less
        why = f"{needs.calls_per_second} calls a second, and a phone for each that is answered"
        yield limit(
            f"{name}: sessions_per_second {sps}",
            sps - 1,
            needs.sessions_per_second,
            why,
            "sessions_per_second",
            switches,
        )


def limit(what: str, has: int, need: int, why: str, variable: str, switches: int) -> Finding:
    """Is it enough?"""
    line = f"{what}; the campaigns need {need} ({why}){f' of {switches} switches' if switches > 1 else ''}"
    mend = f"raise {variable} in vars.xml, and for now: fsctl {'sps' if 'second' in variable else variable} {2 * need}"
    share = -(-need // max(1, switches))
    if share > has:
        return fail(line, mend)
    if need > has:
        return warn(f"{line}: it cannot take over all of them should another one fail", mend)
    return warn(line, mend) if share > TIGHT * has else ok(line)
