"""A day of one campaign, played event by event, to measure what a pacing policy does before it meets real people.

Pure and seeded: the same scenario, seed and policy give the same day to the last digit. `scenario` says what the world
is like, `world` draws people and fates from it, `day` plays them against a policy, `report` counts, `study` compares.
"""

from fsdialer.core.pacing.simulation.day import play
from fsdialer.core.pacing.simulation.report import Report
from fsdialer.core.pacing.simulation.scenario import Law, Scenario, parse

__all__ = ["Law", "Report", "Scenario", "parse", "play"]
