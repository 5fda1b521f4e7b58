"""The people who are called: what each does when the phone rings.

By number, for tests: the last three digits choose from `BY_SUFFIX` (anything else answers and talks). By chance, for
the lab: seeded by number and attempt, so that a run can be repeated, in the proportions of `CHANCES`.
"""

import random
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Plan:
    """What a person does. `status` None: answers, after ringing for `ring_s`; else the SIP status of the refusal.

    `talk_s`: hangs up so long after being connected; `patience_s`: so long after answering, if nobody talks to them.
    None: never by themselves. `rings`: whether a 180 is sent first; with `early_media` a 183 with sound instead.

    A machine has a `beep_s`: its beep begins so long after the answer, when its greeting is over. `wordy` is a person
    who answers with a long sentence, as offices do. `refer`: what their carrier says to a REFER: the first SIP status
    answers it, the others are told by NOTIFY, and `BYE` ends the leg; empty: nothing at all.
    """

    status: int | None = None
    ring_s: float = 1.0
    talk_s: float | None = None
    patience_s: float | None = None
    rings: bool = True
    early_media: bool = False
    beep_s: float | None = None
    wordy: bool = False
    refer: tuple[int, ...] = (100,)


#: In place of a status: the far side ends the leg.
BYE = 0
#: Rings for ever, for the caller to give up.
NEVER = 1e9
NO_ANSWER = Plan(ring_s=NEVER)

BY_SUFFIX = {
    "200": Plan(ring_s=0.2),
    "201": Plan(ring_s=0.2, talk_s=0.3, patience_s=0.3),
    "202": Plan(ring_s=0.2, talk_s=3.0, patience_s=3.0),
    "203": Plan(ring_s=0.02, talk_s=3.0, patience_s=3.0, rings=False),
    "204": Plan(ring_s=0.5, early_media=True),
    "205": Plan(status=404, ring_s=0.5, early_media=True),
    "206": Plan(ring_s=2.0),
    "207": Plan(status=486, ring_s=0.5),
    "208": Plan(status=302, ring_s=0.02, rings=False),
    "301": Plan(ring_s=0.2, talk_s=30.0, patience_s=30.0, beep_s=3.0),
    "302": Plan(ring_s=0.2, talk_s=30.0, patience_s=30.0, beep_s=2.0),
    "303": Plan(ring_s=0.2, wordy=True),
    "210": Plan(ring_s=0.2, refer=(202, 100, 200)),
    "211": Plan(ring_s=0.2, refer=(403,)),
    "212": Plan(ring_s=0.2, refer=()),
    "213": Plan(ring_s=0.2, refer=(202,)),
    "214": Plan(ring_s=0.2, refer=(202, 100, 486)),
    "215": Plan(ring_s=0.2, refer=(202, BYE)),
    "404": Plan(status=404, ring_s=0.02, rings=False),
    "408": NO_ANSWER,
    "480": Plan(status=480, ring_s=0.02, rings=False),
    "486": Plan(status=486, ring_s=0.02, rings=False),
    "503": Plan(status=503, ring_s=0.02, rings=False),
    "603": Plan(status=603, ring_s=0.5),
    **{
        str(status): Plan(status=status, ring_s=0.02, rings=False)
        for status in (403, 410, 484, 488, 500, 502, 504, 600, 604)
    },
}
#: The same by name, for the `lab number` command.
BY_NAME = {
    "answer": BY_SUFFIX["200"],
    "hangs-up-at-once": BY_SUFFIX["201"],
    "hangs-up-soon": BY_SUFFIX["202"],
    "without-ringing": BY_SUFFIX["203"],
    "machine": BY_SUFFIX["301"],
    "office": BY_SUFFIX["303"],
    "busy": BY_SUFFIX["486"],
    "noanswer": NO_ANSWER,
    "unavailable": BY_SUFFIX["480"],
    "rejects": BY_SUFFIX["603"],
    "unknown": BY_SUFFIX["404"],
    "refused": BY_SUFFIX["503"],
}
ANYBODY = Plan(ring_s=1.0)

#: Of a hundred attempts, as in an ordinary list of people who asked to be called.
CHANCES = {"answers": 45, "noanswer": 26, "busy": 12, "unavailable": 11, "rejects": 4, "refused": 2}
#: Of a hundred numbers, those that do not exist.
DEAD_NUMBERS = 2
#: Of a hundred answers, those of machines; of a hundred people who answer, those who do so with a long sentence.
MACHINES, WORDY = 12, 5
#: How long machines' greetings are (seconds, at least and at most), and how long they record after them.
GREETING_S, RECORDS_S = (3.0, 8.0), 20.0
#: Medians (seconds) and spreads of lognormal times: ringing until the answer, and talking (as measured in the field).
RING_MEDIAN_S, RING_SIGMA, TALK_MEDIAN_S, TALK_SIGMA = 6.0, 0.5, 30.0, 0.8


class People:
    """Everybody there is. `scale` shortens what takes long: ringing, and people's talking."""

    def __init__(self, by_chance: bool, seed: int, scale: float = 1.0) -> None:
        self._by_chance = by_chance
        self._seed = seed
        self._scale = scale
        self.chosen: dict[str, Plan] = {}

    def plan(self, number: str, attempt: int) -> Plan:
        """What the person at `number` does this time."""
        plan = self.chosen.get(number.lstrip("+"))
        if plan is None:
            plan = self._chance(number, attempt) if self._by_chance else BY_SUFFIX.get(number[-3:], ANYBODY)
        return self._scaled(plan)

    def is_machine(self, number: str, attempt: int) -> bool:
        """Does a machine answer this time?"""
        return self.plan(number, attempt).beep_s is not None

    def _chance(self, number: str, attempt: int) -> Plan:
        if random.Random(f"{self._seed}/{number}").randrange(100) < DEAD_NUMBERS:
            return BY_SUFFIX["404"]
        dice = random.Random(f"{self._seed}/{number}/{attempt}")
        kind = dice.choices(list(CHANCES), list(CHANCES.values()))[0]
        if kind != "answers":
            return BY_NAME[kind]
        ring_s = min(22.0, dice.lognormvariate(0, RING_SIGMA) * RING_MEDIAN_S)
        if dice.randrange(100) < 3:
            return Plan(ring_s=ring_s, talk_s=0.5, patience_s=0.5)
        talk_s = dice.lognormvariate(0, TALK_SIGMA) * TALK_MEDIAN_S
        if dice.randrange(100) < MACHINES:
            beep_s = dice.uniform(*GREETING_S)
            return Plan(ring_s=ring_s, talk_s=beep_s + RECORDS_S, patience_s=beep_s + RECORDS_S, beep_s=beep_s)
        return Plan(ring_s=ring_s, talk_s=talk_s, patience_s=8.0, wordy=dice.randrange(100) < WORDY)

    def _scaled(self, plan: Plan) -> Plan:
        if self._scale == 1.0 or plan.ring_s == NEVER:
            return plan
        # A machine's greeting is as long as it is.
        talk_s = plan.talk_s if plan.talk_s is None or plan.beep_s is not None else plan.talk_s * self._scale
        return replace(plan, ring_s=plan.ring_s * self._scale, talk_s=talk_s)
