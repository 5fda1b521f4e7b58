"""A conversation with a switch in our own words: our client, our commands, our reading of what comes back.

It knows nothing of which switch it talks to. Legs are named by the test (`customer`, `operator`); `story` tells what
happened to them, one line an event.
"""

import itertools
import json
import uuid

import gevent
from gevent.event import Event as Flag

from fsdialer.core.campaigns import Company, Gateway
from fsdialer.core.dial_format import destination
from fsdialer.core.events import JobDone
from fsdialer.esl import commands
from fsdialer.esl.client import EslClient
from fsdialer.esl.translate import SUBSCRIPTION, to_event
from tests.esl.story import Storyteller

#: Long enough for any step on a machine that does other things besides (seconds).
PATIENCE_S = 15
_numbers = itertools.count(1)


def customer(suffix):
    """Another number each time, of a customer who does what the suffix says."""
    return f"+1212{next(_numbers):04d}{suffix}"


class Talk:
    """A connection and all that was heard on it. `events`: the switch's, in wire order."""

    def __init__(self, address, password):
        self.events, self.placed = [], []
        self._news = Flag()
        self.client = EslClient(*address, password, on_event=self._hear)
        self.client.connect()
        self.client.subscribe(SUBSCRIPTION)
        self.api = self.client.api

    def _hear(self, event):
        self.events.append(event)
        self._news.set()

    def close(self):
        """Everybody placed from here is hung up, and gone."""
        for leg in self.placed:
            self.api(commands.kill(leg, "NORMAL_CLEARING"))
        self.until("its calls to be over", lambda: not set(self.placed) & self.listed())
        self.client.stop()

    # -- what is asked for ---------------------------------------------------------------------------------
    def job(self, command, name=None):
        """Run it in the background; the job's id."""
        name = name or str(uuid.uuid4())
        self.client.bgapi(command, name)
        return name

    def call(self, number, *, gateway="trunk", leg=None, ring_s=10, wait_s=30, **more):
        """Originate a customer as the dialer does; the leg, which is the job's id too."""
        leg = leg or str(uuid.uuid4())
        way = destination(Company("acme"), Gateway("acme", gateway), number)
        more.setdefault("tags", {"lead": "17", "campaign": "spring"})
        command = commands.originate_customer(
            call=leg, destination=way, ring_s=ring_s, caller_id="+12125550100", wait_s=wait_s, **more
        )
        self.placed.append(leg)
        return self.job(command, leg)

    def ring(self, extension, *, held=False, ring_s=10):
        """Ring an operator's phone as the dialer does; the leg, which is the job's id too."""
        leg = str(uuid.uuid4())
        command = commands.originate_operator(
            leg=leg,
            destination=commands.user_destination(extension, "127.0.0.1"),
            ring_s=ring_s,
            caller_name="Spring",
            caller_number="17",
            held=held,
            tags={"operator": "ann"},
        )
        self.placed.append(leg)
        return self.job(command, leg)

    def bridge(self, one, other):
        """As the dialer does, in the background; what it was answered."""
        return self.done(self.job(commands.bridge(one, other)))

    # -- what came of it -----------------------------------------------------------------------------------
    def until(self, what, condition, seconds=PATIENCE_S):
        """What `condition` says as soon as it says something; it is asked at each event, and now and then besides."""
        with gevent.Timeout(seconds, AssertionError(f"{what} not within {seconds} s; heard: {self._heard()}")):
            while not (found := condition()):
                self._news.clear()
                self._news.wait(0.1)
            return found

    def _heard(self):
        return [(each.name, each.get("Unique-ID")[:8], each.get("Hangup-Cause")) for each in self.events[-25:]]

    def event(self, name, leg, count=1, **headers):
        """The switch's event of that name about a leg, once it has come so often."""

        def found():
            some = [e for e in self.events if e.name == name and e.get("Unique-ID") == leg]
            some = [e for e in some if all(e.get(k.replace("_", "-")) == v for k, v in headers.items())]
            return some[count - 1 :]

        return self.until(f"{name} {headers or ''}", found)[0]

    def at(self, name, leg, **headers):
        """When that was, by the switch's clock."""
        return int(self.event(name, leg, **headers).get("Event-Date-Timestamp")) / 1e6

    def ready(self, leg):
        """Until a leg may be bridged, and the originate that made it is over."""
        self.until("ready", lambda: f"{leg} may be bridged" in self.lines(leg))
        assert self.done(leg).ok
        return leg

    def gone(self, leg):
        """The end of a leg, in our words."""
        return to_event(self.event("CHANNEL_HANGUP_COMPLETE", leg))

    def ending(self, leg):
        """The end of a leg, in the switch's."""
        return self.event("CHANNEL_HANGUP_COMPLETE", leg)

    def done(self, job):
        """What a background job came to."""

        def found():
            return [e for e in self._ours() if isinstance(e, JobDone) and e.job == job]

        return self.until(f"job {job}", found)[0]

    def result(self, job):
        """The same, word for word."""

        def found():
            return [e for e in self.events if e.name == "BACKGROUND_JOB" and e.get("Job-UUID") == job]

        return self.until(f"job {job}", found)[0].body

    def _ours(self):
        return [event for event in map(to_event, self.events) if event is not None]

    def lines(self, leg):
        """What happened to one leg, each line with its uuid."""
        return [line for line in self._tell(lambda leg: leg) if line.startswith(leg)]

    def story(self, **legs):
        """What happened to some legs, by their names in the test, without what repeats itself and without jobs: whose
        place among the other events a switch does not promise."""
        names = {leg: name for name, leg in legs.items()}
        told = self._tell(lambda leg: names.get(leg, ""))
        lines = [line for line in told if line.split(" ")[0] in legs]
        return [line for at, line in enumerate(lines) if line not in lines[max(0, at - 1) : at]]

    def _tell(self, naming):
        teller = _Named(naming)
        return [teller.tell(event) for event in self._ours() if getattr(event, "leg", "")]

    # -- how it stands -------------------------------------------------------------------------------------
    def listed(self):
        """The channels there are."""
        return {row["uuid"] for row in json.loads(self.api(commands.show_channels())).get("rows", [])}

    def exists(self, leg):
        return self.api(commands.exists(leg)).strip() == "true"

    def variable(self, leg, name):
        return self.api(f"uuid_getvar {leg} {name}").strip()


class _Named(Storyteller):
    """A storyteller who calls legs as the test does."""

    def __init__(self, naming):
        super().__init__()
        self._naming = naming

    def _leg(self, uuid):
        return self._naming(uuid) or "somebody"
