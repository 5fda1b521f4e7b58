"""What a link needs of a FreeSWITCH, scripted: who it is, a password, jobs and their answers, and its ways to fail.

Replies are worded as in ``tests/captures``. Every command is kept with the line it came over.
"""

import gevent
from gevent.event import Event

from tests.esl.scripted import Switch, event, reply, response

CORE = "6b26c107-4184-4dbd-b05f-3c5c3a631c6d"


class FreeSwitch(Switch):
    """Answers commands until told otherwise."""

    def __init__(self):
        self.core = CORE
        #: What it was told, apart from passwords: (line, command).
        self.commands = []
        self.subscribed = []
        #: Answers of jobs by command; any other command is answered "+OK".
        self.answers = {"uptime": "4711\n"}
        self._awake = Event()
        self._awake.set()
        #: Jobs whose command begins so are taken, and the connection cut instead of a reply.
        self.cut_at = None
        #: What jobs are refused with, if they are.
        self.refusal = None
        super().__init__(self._talk)

    def freeze(self):
        """Say and answer nothing more, as a stopped process: what is asked of it stays where it is."""
        self._awake.clear()

    def thaw(self):
        """Go on from there."""
        self._awake.set()

    def restart(self, core="00d45cc7-13fa-4a03-b7b6-e9f0de24f630"):
        """As after a crash: every connection gone, another core."""
        self.stop()
        self.core = core
        self.start()

    def cut(self):
        super().cut()
        self.subscribed.clear()

    def say(self, name, leg="", body=b"", **headers):
        """An event to whoever asked for events."""
        for line in self.subscribed:
            line.send(event(name, leg, body, **{"Core-UUID": self.core, **headers}))

    def jobs(self, prefix=""):
        """The commands it was told to run in the background, each with its job's id."""
        told = [command.removeprefix("bgapi ") for _, command in self.commands if command.startswith("bgapi ")]
        return [tuple(text.split("\nJob-UUID: ")) for text in told if text.startswith(prefix)]

    def _talk(self, line):
        if line.welcome():
            while (command := line.command()) is not None:
                self.commands.append((line, command))
                self._awake.wait()
                self._answer(line, command)
        line.close()
        if line in self.lines:
            self.lines.remove(line)

    def _answer(self, line, command):
        word, _, rest = command.partition(" ")
        if word == "bgapi":
            text, _, job = rest.partition("\nJob-UUID: ")
            if self.cut_at is not None and text.startswith(self.cut_at):
                self.cut()
                return
            if self.refusal is not None:
                line.send(reply(self.refusal))
                return
            line.send(reply(f"+OK Job-UUID: {job}", job=job))
            gevent.spawn(self._run, text, job)
        elif command == "api global_getvar core_uuid":
            line.send(response(self.core))
        elif word == "event":
            line.send(reply("+OK event listener enabled plain"))
            self.subscribed.append(line)
        elif word == "exit":
            line.send(reply("+OK bye"))
            line.close()
        else:
            line.send(reply("-ERR command not found"))

    def _run(self, text, job):
        self._awake.wait()
        self.say("BACKGROUND_JOB", body=self.answers.get(text, "+OK\n").encode(), **{"Job-UUID": job})
