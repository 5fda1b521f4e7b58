"""Dialplan applications: what a channel does once it is answered, one after the other, and how that is interrupted."""

import re
import time
import uuid as uuids
from pathlib import Path
from typing import TYPE_CHECKING

import gevent

from fsdialer.lab import stages
from fsdialer.lab.channel import Channel
from fsdialer.lab.detectors import MODULES
from fsdialer.lab.people import NEVER

if TYPE_CHECKING:
    from fsdialer.lab.exchange import Exchange

#: One tone of a tone_stream, sound and pause in milliseconds; and how often the whole is played.
_TONE, _LOOPS = re.compile(r"%\(([0-9]+),([0-9]+)"), re.compile(r";loops=(-1|[0-9]{1,6})")
_VARIABLE = re.compile(r"\$\{([a-z_]+)\}")
_TASK = re.compile(r"\$\{sched_api\((\+[0-9]+ \S+ [a-z]+)\)\}")
_COND = re.compile(r"\$\{cond\((\S*) > (\S+) \? (\S+) : (\S+)\)\}")
_MSLEEP = re.compile(r"\$\{msleep\(([0-9]{1,6})\)\}")
#: Rate at which sound is counted (samples a second).
RATE = 8000
#: How long the echo of a tone takes to be known for one (seconds).
TONE_HEARD_S = 0.24
#: How long a sound file is taken to be (seconds).
FILE_S = 3.0
#: Those that go on until somebody ends the call or moves it.
ENDLESS = ("echo", "delay_echo", "conference", "endless_playback")
#: Those that are over at once and leave no trace here.
INSTANT = ("answer", "pre_answer", "ring_ready", "log", "info", "export", "unset", "displace_session", "event")
#: Failures of ``bridge`` after which the caller goes on all the same.
FORGIVEN = ("NO_ANSWER", "NO_USER_RESPONSE", "ORIGINATOR_CANCEL")

Todo = list[tuple[str, str]]


class Applications:
    """Runs applications on the channels of an exchange."""

    def __init__(self, exchange: "Exchange") -> None:
        self._exchange = exchange
        self._fire = exchange.fire

    def run(self, channel: Channel, todo: Todo, inline: str = "") -> None:
        """Run applications (name, argument) one after the other; `inline` is their text, if they came as a dialplan."""
        if channel.alive:
            channel.call_state = "ACTIVE"
            channel.move("CS_EXECUTE")
            stages.running(channel, inline)
            self._next(channel, todo)

    def _next(self, channel: Channel, todo: Todo) -> None:
        """After the last the channel is hung up."""
        if not channel.alive:
            return
        if not todo:
            self._exchange.hang_up(channel, "NORMAL_CLEARING")
            return
        (name, data), rest = todo[0], todo[1:]
        channel.todo = rest
        channel.application, channel.application_data = name, data
        channel.application_uuid = str(uuids.uuid4())
        stages.executing(channel)
        self._fire("CHANNEL_EXECUTE", channel, **_described(channel))
        match name:
            case "park":
                self.park(channel)
            case "playback":
                self._play(channel, data, rest)
            case "sleep":
                if channel.get("sleep_eat_digits") == "true":
                    self._heed_keys(channel, rest)
                pause_ms = number(_decided(expanded(channel, data)))
                channel.playing = gevent.spawn_later(pause_ms / 1000, self._finish, channel, rest)
            case "eval":  # nothing but the pauses and the tasks in it
                for task in _TASK.findall(expanded(channel, data)):
                    self._exchange.tasks.add(task)
                pause_ms = sum(int(ms) for ms in _MSLEEP.findall(data))
                channel.playing = gevent.spawn_later(pause_ms / 1000, self._finish, channel, rest)
            case "hangup":
                self._exchange.hang_up(channel, data or "NORMAL_CLEARING")
                self._complete(channel)
            case "bridge":
                self._bridge_to(channel, data, rest)
            case "sched_hangup":
                self.hang_up_later(channel, data.split())
                self._finish(channel, rest)
            case "set":
                variable, _, value = data.partition("=")
                channel.update([(variable, expanded(channel, value))])
                self._finish(channel, rest)
            case "record_session":
                self._exchange.recordings.start(channel, data)
                self._finish(channel, rest)
            case "detect_audio":  # whoever is here speaks at once
                channel.update([("detect_audio_timeout", "false")])
                self._finish(channel, rest)
            case "tone_detect":
                self._listen_for(channel, data.split())
                self._finish(channel, rest)
            case "eavesdrop":
                self._listen_in(channel, data)
            case "transfer":
                self._exchange.hang_up(channel, "NO_ROUTE_DESTINATION")  # there is no dialplan here
            case _ if name in MODULES and self._exchange.detectors.knows(name):
                self._exchange.detectors.run(channel, name)
                self._finish(channel, rest)
            case _ if name in INSTANT:
                self._finish(channel, rest)
            case _ if name not in ENDLESS:
                self._exchange.hang_up(channel, "DESTINATION_OUT_OF_ORDER")  # no such application

    def on_answer(self, channel: Channel) -> None:
        """What ``execute_on_answer`` and every variable whose name begins so ask for, in the order they were given."""
        for hook in channel.variables_like("execute_on_answer"):
            name, _, data = hook.partition("::" if "::" in hook else " ")
            if name not in ("sched_hangup", "record_session", "set", *MODULES):
                continue
            channel.application, channel.application_data = name, data
            channel.application_uuid = str(uuids.uuid4())
            stages.executing(channel)
            self._fire("CHANNEL_EXECUTE", channel, **_described(channel))
            match name:
                case "sched_hangup":
                    self.hang_up_later(channel, data.split())
                case "record_session":
                    self._exchange.recordings.start(channel, data)
                case "set":
                    variable, _, value = data.partition("=")
                    channel.update([(variable, value)])
                case _ if self._exchange.detectors.knows(name):
                    self._exchange.detectors.run(channel, name)
                case _:
                    self._exchange.hang_up(channel, "DESTINATION_OUT_OF_ORDER")  # no such application
            self._complete(channel)

    def interrupt(self, channel: Channel) -> None:
        """Take a channel out of what it is running."""
        if channel.playing is not None:
            channel.playing.kill(block=False)
            channel.playing = channel.on_key = None
        channel.heading = "CS_RESET"
        self._complete(channel, interrupted=True)

    def go_on(self, channel: Channel) -> None:
        """After an interruption: with what stood behind what was interrupted."""
        if channel.alive:
            channel.move("CS_EXECUTE")
            self._next(channel, channel.todo)

    def end_sound(self, channel: Channel) -> None:
        """As ``uuid_break``: what the dialplan is playing is over, and the next application's turn has come."""
        if channel.playing is not None and channel.application == "playback":
            channel.playing.kill(block=False)
            self._finish(channel, channel.todo)

    def park(self, channel: Channel) -> None:
        """Hold a channel. A `park_timeout` holds once, and takes `park_after_bridge` with it."""
        channel.application = "park"
        limit, _, cause = channel.get("park_timeout").partition(":")
        if limit:
            channel.set(park_timeout="", park_after_bridge="")
            channel.playing = gevent.spawn_later(
                number(limit), self._exchange.hang_up, channel, cause or "NORMAL_CLEARING"
            )
        self._fire("CHANNEL_PARK", channel)

    def hang_up_later(self, channel: Channel, words: list[str]) -> None:
        """``+SECONDS [CAUSE]``, as ``sched_hangup`` takes them; without a time nothing happens.

        FreeSWITCH reads a clock of whole seconds and hangs up by as much as one sooner. It knows no fractions; they
        count here, for tests.
        """
        if not words:
            return
        delay_s = number(words[0].lstrip("+"))
        if delay_s >= 1:
            delay_s -= time.time() % 1
        cause = words[1] if len(words) > 1 else "ALLOTTED_TIMEOUT"
        self._exchange.later(delay_s, channel, self._exchange.hang_up, channel, cause)

    def play_over(self, channel: Channel, sound: str) -> None:
        """Play to a channel, whatever it is doing: by ``playback``, or as ``APPLICATION::SOUND`` says."""
        name, _, sound = sound.rpartition("::")
        self._fire("CHANNEL_EXECUTE", channel, Application=name or "playback", Application_Data=sound)
        self._fire("PLAYBACK_START", channel, **_file(sound))
        self._exchange.later(_length_s(sound), channel, self._played_over, channel, sound)

    def _played_over(self, channel: Channel, sound: str) -> None:
        self._fire("PLAYBACK_STOP", channel, Playback_Status="done", **_file(sound))

    def _play(self, channel: Channel, sound: str, rest: Todo) -> None:
        self._heed_keys(channel, rest)
        self._fire("PLAYBACK_START", channel, **_file(sound))
        channel.playing_since = time.monotonic()
        channel.playing = gevent.spawn_later(_length_s(sound), self._finish, channel, rest)
        if channel.echoes and channel.listens_for and sound.startswith("tone_stream://"):
            key, pitch, cause = channel.listens_for
            if sound.rstrip(")").endswith(f",{pitch}") and not self._exchange.deaf:
                self._exchange.later(TONE_HEARD_S, channel, self._hear, channel, key, cause)

    def _listen_for(self, channel: Channel, words: list[str]) -> None:
        """``KEY HZ r +MS hangup CAUSE HITS``: one tone, and the end of the call when it is heard."""
        if len(words) >= 6 and words[4] == "hangup":
            channel.listens_for = (words[0], words[1], words[5])

    def _hear(self, channel: Channel, key: str, cause: str) -> None:
        """The tone came back."""
        if channel.playing is not None:
            channel.set(**{f"tone_detect_{key}_total_time": str(int(TONE_HEARD_S * 1000))})
            self._exchange.hang_up(channel, cause)

    def _heed_keys(self, channel: Channel, rest: Todo) -> None:
        """One of `playback_terminators` ends what is played, and is kept; unset they are ``*``."""
        channel.set(playback_terminator_used="")

        def pressed(key: str) -> None:
            keys = channel.get("playback_terminators") or "*"
            if keys != "none" and key in keys and channel.playing is not None:
                channel.playing.kill(block=False)
                channel.set(playback_terminator_used=key)
                self._finish(channel, rest)

        channel.on_key = pressed

    def _finish(self, channel: Channel, rest: Todo) -> None:
        channel.playing = channel.on_key = None
        self._complete(channel)
        self._next(channel, rest)

    def _complete(self, channel: Channel, interrupted: bool = False) -> None:
        if not channel.application:
            return
        response = "_none_"
        if channel.application == "playback":
            response = "PLAYBACK ERROR" if interrupted else "FILE PLAYED"
            self._stop_playing(channel)
        channel.set(current_application_response="" if response == "_none_" else response)
        self._fire("CHANNEL_EXECUTE_COMPLETE", channel, Application_Response=response, **_described(channel))
        channel.application = channel.application_data = ""

    def _stop_playing(self, channel: Channel) -> None:
        sound = channel.application_data
        length_s = _length_s(sound)
        played_s = min(length_s, time.monotonic() - channel.playing_since)
        channel.set(
            playback_last_offset_pos=str(int(played_s * RATE)),
            playback_seconds=str(int(length_s)),
            playback_ms=str(int(length_s * 1000)),
            playback_samples=str(int(length_s * RATE)),
        )
        self._fire("PLAYBACK_STOP", channel, Playback_Status="done", **_file(sound))

    def _listen_in(self, channel: Channel, uuid: str) -> None:
        """Until somebody hangs up; the listener's phone shows who is heard."""
        heard = self._exchange.alive(uuid)
        if heard is None:
            self._exchange.hang_up(channel, "NORMAL_CLEARING")
            return
        shown = heard.profile
        channel.set(last_sent_callee_id_name=shown.caller_name, last_sent_callee_id_number=shown.caller_number)

    def _bridge_to(self, channel: Channel, destination: str, rest: Todo) -> None:
        """Call somebody and join them; without them go on only if that was allowed."""

        def done(ok: bool, text: str) -> None:
            if not channel.alive:
                return
            word = text.split()[1] if not text.startswith("-USAGE") else "DESTINATION_OUT_OF_ORDER"
            if ok:
                partner = self._exchange.channels[word]
                stages.dialled(channel, partner, destination)
                self._exchange.bridges.join(channel, partner)
                return
            stages.not_dialled(channel, word)
            goes_on = channel.get("continue_on_fail").split(",")
            if word in FORGIVEN or "true" in goes_on or word in goes_on:
                self._finish(channel, rest)
            else:
                self._exchange.hang_up(channel, word)

        self._exchange.originate(f"{destination} &park()", done, originator=channel)


def expanded(channel: Channel, text: str) -> str:
    """With the values of the variables in it, once."""
    return _VARIABLE.sub(lambda name: channel.get(name[1]), text)


def _decided(text: str) -> str:
    """What a ``cond`` in it comes to."""
    return _COND.sub(lambda said: said[3] if number(said[1]) > number(said[2]) else said[4], text)


def _described(channel: Channel) -> dict[str, str]:
    more = {"Application": channel.application, "Application_UUID": channel.application_uuid}
    return more | ({"Application_Data": channel.application_data} if channel.application_data else {})


def _file(sound: str) -> dict[str, str]:
    kind = {"Playback_File_Type": "tone_stream"} if sound.startswith("tone_stream://") else {}
    return {**kind, "Playback_File_Path": sound}


def _length_s(sound: str) -> float:
    """How long a sound plays: a silence or a tone says so itself, in milliseconds; a silence of -1 does not end. A tone
    may be repeated: ``v=-13;%(1000,4000,440);loops=4``."""
    kind, _, said = sound.partition("://")
    if kind == "tone_stream":
        tones, loops = _TONE.findall(said), _LOOPS.search(said)
        once = sum(number(on) + number(off) for on, off in tones) / 1000
        return NEVER if loops and loops[1] == "-1" else once * (int(loops[1]) if loops else 1)
    if kind != "silence_stream":
        return 0.0 if sound.startswith("/") and not Path(sound).exists() else FILE_S
    return NEVER if said.startswith("-1") else number(said) / 1000


def number(text: str) -> float:
    """What a text begins with, 0 when that is no number: as C reads numbers."""
    found = re.match(r"[0-9]+(\.[0-9]+)?", text.strip())
    return float(found[0]) if found else 0.0
