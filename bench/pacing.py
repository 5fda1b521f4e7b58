"""Pacing policies side by side on simulated days: one command, one table, the same for everybody.

    python bench/pacing.py                    # every policy and column, 4 days each: half an hour on two cores
    python bench/pacing.py --columns operators-5,drift --days 20 --policies progressive,predictive
    python bench/pacing.py --scenarios robust --policies progressive,predictive
    python bench/pacing.py --plot plots       # besides: utilisation against abandoned, a day's course (matplotlib)
    python bench/pacing.py --cost             # what a decision and an observation cost at 1,000 operators

A cell is ``utilisation % / abandoned % (worst day %)``, means over the days; every policy meets the same people, and
every day starts knowing nothing.
"""

import argparse
import random
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import fsdialer.core.pacing
from fsdialer.core.pacing import make
from fsdialer.core.pacing.simulation import Report, Scenario, parse, play
from fsdialer.core.pacing.simulation.peers import Clairvoyant, Vicidial, integrated
from fsdialer.core.pacing.simulation.study import Result, summary

SCENARIOS = Path(fsdialer.core.pacing.__file__).parent / "scenarios"
COLUMNS = ("operators-5", "operators-10", "operators-20", "operators-50", "operators-100", "drift")
POLICIES: dict[str, Any] = {
    "progressive": partial(make, "progressive"),
    "multiplier 1.2": partial(make, "multiplier", multiplier="1.2"),
    "multiplier 1.5": partial(make, "multiplier", multiplier="1.5"),
    "multiplier 2": partial(make, "multiplier", multiplier="2"),
    "VICIdial ADAPT_HARD_LIMIT 3 %": partial(Vicidial, "ADAPT_HARD_LIMIT"),
    "VICIdial ADAPT_AVERAGE 3 %": partial(Vicidial, "ADAPT_AVERAGE"),
    "VICIdial ADAPT_TAPERED 3 %": partial(Vicidial, "ADAPT_TAPERED"),
    "integrator 2.9 %": partial(integrated, 0.029),
    "predictive 0.5 %": partial(make, "predictive", target_abandon=0.005),
    "predictive 1 %": partial(make, "predictive", target_abandon=0.01),
    "predictive 3 %": partial(make, "predictive", target_abandon=0.03),
    "clairvoyant": Clairvoyant,
}


def one_day(job: tuple[Scenario, str, int, float | None]) -> Report:
    """One policy's day, in a process of its own."""
    scenario, policy, seed, every = job
    return play(scenario, POLICIES[policy](), seed, decide_every=every)


def measured(
    scenarios: list[Scenario], policies: list[str], days: int, jobs: int, every: float | None
) -> dict[tuple[str, str], Result]:
    """Every policy on every scenario: (policy, scenario) → means."""
    work = [(s, policy, seed, every) for s in scenarios for policy in policies for seed in range(1, days + 1)]
    results = {}
    with ProcessPoolExecutor(jobs) as pool:
        reports = list(pool.map(one_day, work))
    for place in range(0, len(work), days):
        scenario, policy, _, _ = work[place]
        results[policy, scenario.name] = summary(policy, reports[place : place + days])
    return results


def table(results: dict[tuple[str, str], Result], scenarios: list[Scenario], policies: list[str]) -> str:
    """Markdown: a row for each policy, and predictive's utilisation ÷ progressive's."""
    names = [scenario.name for scenario in scenarios]
    lines = [f"| policy | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for policy in policies:
        cells = [cell(results[policy, name]) for name in names]
        lines.append(f"| {policy} | {' | '.join(cells)} |")
    for policy in policies:
        if policy.startswith("predictive") and "progressive" in policies:
            ratios = [results[policy, n].utilisation / results["progressive", n].utilisation for n in names]
            lines.append(f"| *{policy} ÷ progressive* | {' | '.join(f'×{ratio:.3f}' for ratio in ratios)} |")
            worst = [f"{100 * results[policy, n].worst_half_hour:.1f} %" for n in names]
            lines.append(f"| *{policy}, worst half hour* | {' | '.join(worst)} |")
    return "\n".join(lines)


def cell(result: Result) -> str:
    """``93.0 / 2.88 (2.91)``."""
    return f"{100 * result.utilisation:.1f} / {100 * result.abandoned:.2f} ({100 * result.worst_day:.2f})"


def cost() -> str:
    """CPU time of a decision and an observation with 1,000 operators and 3,000 calls in flight."""
    policy, dice = make("predictive"), random.Random(1)
    play(Scenario(operators=50, hours=0.3), policy, seed=1)
    state = {
        "t": 0.0,
        "operators": {"ready": 12, "talking": 880, "wrapup": 108, "total": 1000},
        "ringing": 3000,
        "ringing_ages": [dice.uniform(0, 25) for _ in range(3000)],
        "talk_ages": [dice.expovariate(1 / 120) for _ in range(880)],
        "wrapup_ages": [dice.uniform(0, 20) for _ in range(108)],
        "answered_waiting": 0,
    }
    decisions, observations = [], []
    for step in range(1000):
        begun = time.process_time()
        policy.decide({**state, "t": 2000.0 + step / 10})
        decisions.append(time.process_time() - begun)
    for number in range(5000):
        events = [
            {"t": 3000.0, "type": kind, "cause": None, "call": f"c{number}", "operator": number % 1000}
            for kind in ("originate", "answer", "connect", "talk_end", "ready")
        ]
        begun = time.process_time()
        for event in events:
            policy.observe(event)
        observations.append((time.process_time() - begun) / len(events))
    return (
        f"decision: mean {1e6 * statistics.mean(decisions):.0f} µs, "
        f"99th percentile {1e6 * sorted(decisions)[990]:.0f} µs; "
        f"observation: mean {1e6 * statistics.mean(observations):.1f} µs"
    )


def main() -> None:
    """Read the arguments, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenarios", default="published", help="published, robust, or a TOML file")
    parser.add_argument("--columns", help="names of scenarios, comma separated")
    parser.add_argument("--policies", help="the beginnings of policies' names, comma separated")
    parser.add_argument("--days", type=int, default=4)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--every", type=float, help="decide only every so many seconds, not at every event")
    parser.add_argument("--plot", type=Path, metavar="DIR")
    parser.add_argument("--cost", action="store_true")
    args = parser.parse_args()
    if args.cost:
        print(cost())
        return
    packaged = SCENARIOS / f"{args.scenarios}.toml"
    known = parse((packaged if packaged.exists() else Path(args.scenarios)).read_text())
    default = COLUMNS if args.scenarios == "published" else known
    names = args.columns.split(",") if args.columns else default
    scenarios = [known[name] for name in names]
    wanted = args.policies.split(",") if args.policies else [""]
    policies = [policy for policy in POLICIES if any(policy.startswith(start) for start in wanted)]
    begun = time.monotonic()
    print(table(measured(scenarios, policies, args.days, args.jobs, args.every), scenarios, policies))
    print(f"\n{args.days} days each, {time.monotonic() - begun:.0f} s", file=sys.stderr)
    if args.plot:
        from fsdialer.verbs import pacing_plots

        for path in pacing_plots.draw(scenarios, args.plot):
            print(path, file=sys.stderr)


if __name__ == "__main__":
    main()
