"""Sound for tests: stereo files made of tones, and which tones are heard in a file."""

import numpy as np
import soundfile

RATE = 8000


def tone(hz, seconds, loud=0.3):
    """A sine; silence for 0 Hz."""
    return (
        loud * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)
        if hz
        else np.zeros(round(seconds * RATE))
    )


def write_stereo(path, left, right):
    """A recording with these samples on either side."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.stack([left, right], axis=1), RATE)
    return path


def heard(path, begin_s=0.0, end_s=None):
    """The loudest frequency (Hz, to 10) on each side between two instants; 0 for silence."""
    samples, rate = soundfile.read(path, always_2d=True)
    part = samples[round(begin_s * rate) : None if end_s is None else round(end_s * rate)]
    found = []
    for side in part.T:
        spectrum = np.abs(np.fft.rfft(side * np.hanning(len(side)))) * 4 / len(side)
        loudest = int(np.argmax(spectrum))
        found.append(round(loudest * rate / len(side), -1) if spectrum[loudest] > 0.02 else 0)
    return tuple(found)
