"""What we say to a switch: values in, wire text out. No socket in sight.

FreeSWITCH splits a command at spaces, then at commas, bars and braces, and expands ``${…}``; quoting is not enough. So
every value that goes in has a type with a list of allowed characters, and free text (notes, card fields) never goes in
at all; of a campaign's name, what `allowed.display_name` leaves. `client` adds ``bgapi`` in front and the job's id
behind.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from fsdialer.errors import UnsafeCommand
from fsdialer.esl import allowed, auto_answer, marks
from fsdialer.esl.allowed import checked, display_name

#: FreeSWITCH reads up to 10 MiB and then runs what it has, cut off; ours are short, so anything longer is a mistake.
LONGEST = 8 * 1024
#: The cause the waiting room ends with: nobody took the call in time.
NO_PICKUP = "NO_PICKUP"
#: A bridge first ends the silence and then takes the channel away; had it in between (microseconds, or as long as the
#: switch's thread is kept from running) nothing else to do but to hang up, a customer just taken would be let go of. So
#: the silence is followed by a pause that nothing can shorten (ms).
GUARD_MS = 200
#: Where the switch leaves the key a customer pressed after the message, and by our `set` during it; how long it waits
#: after it (ms).
KEY, OPT_OUT, OPT_OUT_MS = "playback_terminator_used", "fsdialer_opt_out", 1500
#: Which keys end a sound: none. Unset it is ``*``, which would end a customer's wait. ``sleep`` heeds them too.
KEYS = MappingProxyType({"playback_terminators": "none", "sleep_eat_digits": "true"})
#: What a carrier writes into its BYE, Reason and ``X-`` and ``P-`` headers, is not passed on to the operator's phone.
MUTE_GOODBYE = MappingProxyType({"sip_copy_custom_headers": "false", "disable_q850_reason": "true"})
#: What is done when a channel ends: answered customers leave a mark (`marks`), whether they were joined to somebody.
HOOK = "api_hangup_hook"
#: Marks a channel as ours, in call records and for whoever looks at the switch.
ACCOUNT = "fsdialer"
#: Ringing as the switch plays it to a customer who is being sent to their operator; what follows is the cadence.
RINGING = "tone_stream://v=-13;%("
#: Who answers 302, a phone that forwards its calls or a carrier, names any address: FreeSWITCH would call that,
#: whatever it costs, past `allowed_destinations`.
NOT_FORWARDED = MappingProxyType({"outbound_redirect_fatal": "true"})
#: Seconds an operator's answered phone waits to be bridged before the switch hangs it up by itself.
UNUSED_LEG_S = 15
#: Where the switch leaves ``false`` once it has heard a phone under test: five packets in a row (100 ms) louder than
#: −50 dB on average at 8 kHz, −66 dB at 48.
SILENT, LISTEN = "detect_audio_timeout", "detect_audio:100 4"


@dataclass(frozen=True, slots=True)
class Detector:
    """What hears answering machines: its module, and the application that starts it on a channel."""

    module: str
    start: str


#: ``avmd UUID start`` is no way to start the first: it listens without its threads, and the channel hangs (1.11.1).
#: The second is told every figure: without its configuration file they are all 0, and everybody is a machine. Whoever
#: says nothing is not one: `silence_notsure`.
DETECTORS = MappingProxyType(
    {
        "beep": Detector("mod_avmd", "avmd_start"),
        "rules": Detector(
            "mod_amd",
            "amd initial_silence=2500 greeting=1500 after_greeting_silence=800 total_analysis_time=5000 "
            "min_word_length=100 between_words_silence=50 maximum_number_of_words=3 maximum_word_length=5000 "
            "silence_threshold=256 silence_notsure=1",
        ),
    }
)


def originate_customer(
    *,
    call: str,
    destination: str,
    ring_s: int,
    caller_id: str,
    wait_s: float,
    message: str = "",
    opt_out_key: str = "",
    max_talk_s: int = 7200,
    recording: str = "",
    notice: str = "",
    detectors: Collection[str] = (),
    tags: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Call a customer on channel `call`, with the limit of their wait armed on the switch itself.

    Once answered, the channel runs an inline dialplan: silence for `wait_s` seconds, `message` (a sound file or
    tone_stream; none when empty; `opt_out_key` pressed meanwhile stands in the variable `OPT_OUT` or `KEY`, no other
    does anything), hang-up NO_PICKUP.
    A bridge in time interrupts it (capture ``operator-bridged-before-the-message``); with every process of ours dead
    it runs to its end (capture ``unattended-answer-message-then-hangup``). Should the operator's leg go while they are
    being joined, the customer goes on behind the silence: another operator may have them during the guard.

    With `recording` (a file's path) the switch records the leg in stereo from the answer to its end, whoever it is
    bridged to meanwhile: what the customer says left, what they hear right. `notice` is a sound mixed into what they
    hear, from the answer on; it is on the recording too.

    `detectors` of `DETECTORS` listen for an answering machine from the answer on, beside everything else; the switch
    must have their modules, or it hangs up.

    `ring_s` and `max_talk_s` are whole seconds; `tags` become ``fsdialer_…`` variables, ids only. UnsafeCommand when
    a value has no place in a command.
    """
    silence_ms = unguarded_ms(wait_s)
    talk_s = _number("longest talk", max_talk_s, 1, 604_800)
    variables = {
        "origination_uuid": checked("call", allowed.UUID, call),
        "originate_timeout": _number("ring time", ring_s, 1, 600),
        "ignore_early_media": "true",
        "origination_caller_id_number": checked("caller id", allowed.NUMBER, caller_id),
        "hangup_after_bridge": "true",
        "uuid_bridge_continue_on_cancel": "true",
        "ignore_display_updates": "true",  # or the bridge would have the carrier show campaign and lead
        **NOT_FORWARDED,
        "park_timeout": f"{max(1, round(wait_s))}:{NO_PICKUP}",
        "accountcode": ACCOUNT,
        **KEYS,
        "sip_refer_continue_after_reply": "true",  # or a REFER mutes the customer for 10 s and then hangs up on them
        "execute_on_answer": f"'sched_hangup +{talk_s} ALLOTTED_TIMEOUT'",
        "execute_on_answer_0_mark": f"'set {HOOK}={marks.abandoned_hook(call)}'",
        "execute_on_pre_bridge": f"'set {HOOK}={marks.talked_hook(call)}'",
        **_recorded(recording, notice),
        **{f"execute_on_answer_{name}": f"'{DETECTORS[name].start}'" for name in detectors},
        **_tags(tags),
    }
    room = waiting_room(call, f"silence_stream://{silence_ms}", message, opt_out_key)
    return _originate(variables, destination, f"{room} inline")


def unguarded_ms(wait_s: float) -> int:
    """How long a waiting customer hears something for: all of the wait but its guard (ms)."""
    return max(100, int(_number("wait", wait_s * 1000, 100, 600_000)) - GUARD_MS)


def waiting_room(call: str, wait: str, message: str, opt_out_key: str) -> str:
    """What an answered customer hears until somebody takes them: `wait`, then the end that nobody needs to command. A
    key leaves a mark. The guard between is the wait's last `GUARD_MS`."""
    steps = [f"playback:{wait}", f"eval:${{msleep({GUARD_MS})}}"]
    if message:
        steps.append(f"playback:{_sound(message)}")
    if message and opt_out_key:
        key = checked("opt-out key", allowed.DIGIT, opt_out_key)
        kept, late = (marks.leave(marks.pressed(call, f"${{{name}}}")) for name in (OPT_OUT, KEY))
        steps[-1:] = [f"set:playback_terminators={key}", "set:playback_ms=0", steps[-1]]  # 0: it was not there
        steps += [f"set:{OPT_OUT}=${{{KEY}}}", kept, f"sleep:${{cond(${{playback_ms}} > 0 ? {OPT_OUT_MS} : 1)}}", late]
    return f"'{','.join([*steps, f'hangup:{NO_PICKUP}'])}'"


def originate_operator(
    *,
    leg: str,
    destination: str,
    ring_s: int,
    caller_name: str,
    caller_number: str,
    held: bool,
    elsewhere: bool = False,
    silent_s: int = 0,
    tags: Mapping[str, str] = MappingProxyType({}),
    family: str = "call-info",
) -> str:
    """Ring an operator's phone on channel `leg`, asking it to answer by itself as its `family` does, and park it.

    `held`: the phone stays up between calls. Otherwise it lasts for one bridge, and gives up by itself should nobody
    bridge it. `elsewhere`: it leads to another switch, which does the asking. With `silent_s` it ends when no sound
    came from it for so long. `caller_name` is the campaign's; the customer's number is never in it.
    """
    variables = {
        "origination_uuid": checked("leg", allowed.UUID, leg),
        "originate_timeout": _number("ring time", ring_s, 1, 600),
        "origination_caller_id_name": f"'{display_name(caller_name)}'",
        "origination_caller_id_number": checked("caller id", allowed.NUMBER, caller_number) or "0",
        **({} if elsewhere else auto_answer.variables(family)),
        "ignore_early_media": "true",  # or ringback would count as an answer, and a customer be joined to it
        "ignore_display_updates": "true",  # or the bridge would tell the phone whom it talks to
        **MUTE_GOODBYE,
        **NOT_FORWARDED,
        "accountcode": ACCOUNT,
        **_tags(tags),
    }
    if silent_s:
        variables["media_timeout"] = _number("silence", silent_s * 1000, 1000, 600_000)
    if held:
        variables |= {"park_after_bridge": "true", "hangup_after_bridge": "false"}
    else:
        variables |= {"hangup_after_bridge": "true", "park_timeout": f"{UNUSED_LEG_S}:{NO_PICKUP}"}
    return _originate(variables, destination, "&park()")


def originate_test(
    *, leg: str, destination: str, ring_s: int, caller_name: str, talk_s: int, family: str = "call-info"
) -> str:
    """Ring an operator's phone on channel `leg` for a test, `talk_s` seconds in all: a tone, then from the first sound
    that comes from it on (`SILENT` says whether any did) what it hears is played back to it a second later."""
    variables = {
        "origination_uuid": checked("leg", allowed.UUID, leg),
        "originate_timeout": _number("ring time", ring_s, 1, 600),
        "origination_caller_id_name": f"'{display_name(caller_name)}'",
        "origination_caller_id_number": "0",
        **auto_answer.variables(family),
        **NOT_FORWARDED,
        "ignore_early_media": "true",
        "accountcode": ACCOUNT,
        "execute_on_answer": f"'sched_hangup +{_number('test', talk_s, 1, 60)} NORMAL_CLEARING'",
    }
    tone = _sound("tone_stream://%(300,100,660)")
    return _originate(variables, destination, f"'playback:{tone},{LISTEN} {talk_s * 1000},delay_echo:1000' inline")


def try_across(destination: str) -> str:
    """Call what another switch answers by itself, and hang up at once: answered ``+OK`` when the way leads there. No
    tag of ours, so that no dialer takes it for a call."""
    return _originate({"originate_timeout": "2"}, destination, "'hangup:NORMAL_CLEARING' inline")


def bridge(one: str, other: str) -> str:
    """Join two answered channels."""
    return f"uuid_bridge {checked('leg', allowed.UUID, one)} {checked('leg', allowed.UUID, other)}"


def kill(leg: str, cause: str) -> str:
    """End a channel with a hangup cause."""
    return f"uuid_kill {checked('leg', allowed.UUID, leg)} {checked('cause', allowed.CAUSE, cause)}"


def leave_message(leg: str, message: str, beeped: bool, wait_s: float = 0.0) -> str:
    """Take a channel out of what it runs, play `message` to whoever is there, and hang up.

    `beeped`: a machine's tone sounds at this moment, so a second goes by first. `wait_s`: after the message so much
    silence follows (seconds, none below 0.1), in which the beep may still come.
    """
    steps = ["playback:silence_stream://1000"] if beeped else []
    steps.append(f"playback:{_sound(message)}")
    if wait_s >= 0.1:
        steps.append(f"playback:silence_stream://{_number('wait for the beep', wait_s * 1000, 100, 120_000)}")
    return f"uuid_transfer {checked('leg', allowed.UUID, leg)} '{','.join([*steps, 'hangup:NORMAL_CLEARING'])}' inline"


def stop_beeps(leg: str) -> str:
    """Listen no longer for a beep."""
    return f"avmd {checked('leg', allowed.UUID, leg)} stop"


def module_exists(module: str) -> str:
    """Answered ``true`` or ``false``."""
    return f"module_exists {checked('module', allowed.NAME, module)}"


def exists(leg: str) -> str:
    """Answered ``true`` or ``false``."""
    return f"uuid_exists {checked('leg', allowed.UUID, leg)}"


def dump(leg: str) -> str:
    """Everything about a channel, as JSON."""
    return f"uuid_dump {checked('leg', allowed.UUID, leg)} json"


def show_channels() -> str:
    """All channels, as JSON: a table the switch keeps asynchronously, so a hint rather than the truth."""
    return "show channels as json"


def sign_of_life() -> str:
    """The cheapest command there is: seconds since the switch was started."""
    return "uptime"


def user_destination(extension: str, domain: str = "") -> str:
    """A registered phone: ``user/1001@domain``, or ``user/1001`` for the switch's own domain."""
    extension = checked("extension", allowed.EXTENSION, extension)
    domain = checked("domain", allowed.DOMAIN, domain)
    return f"user/{extension}@{domain}" if domain else f"user/{extension}"


def gateway_status(gateway: str) -> str:
    """A gateway's state, as text."""
    return f"sofia status gateway {checked('gateway', allowed.NAME, gateway)}"


def contact(extension: str, domain: str = "") -> str:
    """Where a phone is registered; an error when it is not."""
    return f"sofia_contact {user_destination(extension, domain).removeprefix('user/')}"


def subscribe(events: Sequence[str]) -> str:
    """Ask for events by name, in plain format; behind CUSTOM stand subclasses, ``avmd::beep``."""
    return "event plain " + " ".join(checked("event", allowed.EVENT, event) for event in events)


def framed(command: str, job_id: str | None = None) -> bytes:
    """The bytes of a command: one line, a background job's id, a blank line; UnsafeCommand if it would be more.

    A line break in a command would begin a header, two a further command; text that names this module's reload
    would reload it.
    """
    if not command or not command.isprintable():
        raise UnsafeCommand("a line break or control character in a command: nothing was sent")
    if "mod_event_socket" in command and "load" in command:
        raise UnsafeCommand("a command must not reload the switch's Event Socket: nothing was sent")
    job = f"\nJob-UUID: {checked('job', allowed.JOB, job_id)}" if job_id is not None else ""
    text = f"{command}{job}\n\n".encode()
    if len(text) > LONGEST:
        raise UnsafeCommand(f"a command of {len(text)} bytes, {LONGEST} are the most: nothing was sent")
    return text


def _originate(variables: Mapping[str, str], destination: str, application: str) -> str:
    settings = ",".join(f"{name}={value}" for name, value in variables.items() if value)
    return f"originate {{{settings}}}{checked('destination', allowed.DESTINATION, destination)} {application}"


def _tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Our own marks on a channel, ``fsdialer_lead=17``: ids only."""
    return {f"fsdialer_{checked('tag', allowed.VARIABLE, k)}": checked(k, allowed.TAG, v) for k, v in tags.items()}


def _recorded(recording: str, notice: str) -> dict[str, str]:
    """Done in this order, so that the notice is heard on the recording. Not thrown away: a short call, and what comes
    before the bridge (FreeSWITCH holds back half a second of frames, and loses them when bridged)."""
    if not recording:
        return {}
    path = checked("recording", allowed.RECORDING, recording)
    found = {"RECORD_STEREO": "true", "RECORD_MIN_SEC": "0", "RECORD_PRE_BUFFER_FRAMES": "0"}
    if notice:
        found["execute_on_answer_1_notice"] = f"'displace_session {_sound(notice)} m'"
    return found | {"execute_on_answer_2_record": f"'record_session {path}'"}


def _sound(message: str) -> str:
    """A sound for ``playback``; commas, which part applications, are escaped as in the capture."""
    if allowed.GENERATED.fullmatch(message):
        return message.replace(",", "\\,")
    return checked("message", allowed.FILE, message)


def _number(what: str, value: float, least: int, most: int) -> str:
    """A whole number between two others; false for NaN too."""
    if not least <= value <= most:
        raise UnsafeCommand(f"{what} {value!r} is not between {least} and {most}: nothing was sent")
    return str(round(value))
