"""Does a switch have the sound files the campaigns name? One that is not there is silence, or a call that is cut."""

from collections.abc import Callable, Iterator

from fsdialer.esl import check_commands as ask
from fsdialer.verbs.check.finding import Finding, fail, ok
from fsdialer.verbs.check.needs import Needs


def look_at_sounds(api: Callable[[str], str], name: str, needs: Needs) -> Iterator[Finding]:
    """Every file, as FreeSWITCH finds it: below its sound_prefix unless the path is a whole one, and with an ending of
    its own choice when there is none."""
    said = api(ask.sound_prefix()).strip() if needs.sounds else ""
    prefix = said if ask.is_path(said) else ""
    missing = False
    for sound, whose in sorted(needs.sounds):
        if not prefix and not sound.startswith("/"):
            continue  # it does not say where it looks
        path = sound if sound.startswith("/") else f"{prefix}/{sound}"
        endings = ("",) if "." in path.rpartition("/")[2] else (".wav", ".PCMU")
        if not any(ask.read_truth(api(ask.sees(path + ending))) for ending in endings):
            missing = True
            yield fail(
                f"{name}: does not have {path}, {whose}", "copy it there, readable for the user FreeSWITCH runs as"
            )
    if needs.sounds and not missing:
        yield ok(f"{name}: has the {len({sound for sound, _ in needs.sounds})} sound files of the campaigns")
