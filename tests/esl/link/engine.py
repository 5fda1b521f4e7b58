"""Whoever listens to a link, with whose patience, and chance without chance."""

from fsdialer.esl.patience import Timings

#: Short, so that tests are; proportions as in the real ones.
QUICK = Timings(
    connect_s=0.5, command_s=0.5, probe_s=0.05, answer_s=0.1, back_off_min_s=0.005, back_off_max_s=0.05,
    refused_s=0.1, steady_s=0.05,
)  # fmt: skip
#: Asks often, and waits long enough for an answer on the busiest machine.
ASKING = Timings(probe_s=0.01, answer_s=5)
#: Never asks for signs of life: for tests of something else.
UNWATCHED = Timings(probe_s=60, back_off_min_s=0.005, back_off_max_s=0.05, refused_s=0.1)


class Middle:
    """A generator of random numbers without chance: always the middle; it keeps what it was asked for."""

    def __init__(self):
        self.asked = []

    def uniform(self, low, high):
        self.asked.append((low, high))
        return (low + high) / 2


class Engine:
    """Whoever listens to a link: everything it was told, in order."""

    def __init__(self):
        self.told = []

    def on_event(self, event):
        self.told.append(event)

    def on_state(self, link, state):
        self.told.append(state)

    @property
    def states(self):
        return [told for told in self.told if hasattr(told, "restarted")]

    @property
    def events(self):
        return [told for told in self.told if not hasattr(told, "restarted")]

    def ups(self):
        return [state for state in self.states if state.up]
