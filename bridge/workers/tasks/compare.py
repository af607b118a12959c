"""Source and result side by side: how late the result is, whether it drifts, and what is wrong with it, in words.

The task `fit` asks before it cuts the result; both files are decoded once, in blocks, and kept as 16 kHz mono.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge.audio import align, confidence, defects, files, onsets, rhythm, stretch
from bridge.audio.onsets import Mono
from bridge.audio.parallel import both
from bridge.audio.stream_stats import Intake, Passed
from bridge.errors import BridgeError
from bridge.workers.tasks.opening import RESULT, SOURCE, opened

SMALLEST = 0.0005  # s; a result that is less late is in place
DRIFTS = 0.0005  # drift from which on it is corrected by stretching: 7.5 ms at both ends of 30 s
AGAIN = "Try another seed, or `ace-bridge rerun` with other tags."


@dataclass(frozen=True, slots=True)
class Heard:
    """One of the two sounds."""

    sound: Mono  # at onsets.RATE
    passed: Passed
    rate: int  # Hz of the file


@dataclass(frozen=True, slots=True)
class Alignment:
    """What was measured, and what is to be done about it."""

    offset: float = 0.0  # s that the result is late, in the middle of the clip
    drift: float = 0.0  # the result's time runs as 1 + drift
    sure: float = 0.0  # probability that this is right
    slip: float = 0.0  # s to leave out at the result's start, after the stretch; below 0: to put before it
    speed: float = 1.0  # how much faster the result has to be played so that it does not drift
    text: str = "not compared with the source"  # for people

    def to_wire(self) -> dict[str, Any]:
        """Return it for the journal, the recipe and the interfaces."""
        return {
            "offset_ms": round(self.offset * 1000, 2),
            "drift_percent": round(self.drift * 100, 4),
            "confidence": round(self.sure, 4),
            "corrected_ms": round(self.slip * 1000, 2),
            "drift_corrected": self.speed != 1.0,
            "text": self.text,
        }


def listen(path: Path, errors: Mapping[type[files.FileError], type[BridgeError]], scratch: Path) -> Heard:
    """Decode a file once.

    Raises:
        BridgeError: as the table of errors says.
    """
    with opened(path, errors, scratch) as reader:
        info = reader.info
        intake = Intake(info.sample_rate, info.channels)
        sound = onsets.heard(intake.watched(reader.blocks(0, info.frames)), info.sample_rate)
        return Heard(sound, intake.passed(), info.sample_rate)


def listen_to_both(source: Path, result: Path, scratch: Path) -> tuple[Heard, Heard]:
    """Listen to the clip as it was sent and to what came back, side by side.

    Raises:
        ClipError, ResultError: one of them cannot be used.
    """
    return both(lambda one: listen(*one, scratch), (source, SOURCE), (result, RESULT))


def result_of(path: Path, scratch: Path) -> Heard:
    """Listen to what came back alone."""
    return listen(path, RESULT, scratch)


def alignment(source: Heard, result: Heard) -> Alignment:
    """Measure how late the result is, and decide what to do: nothing, unless it is sure."""
    measured = align.measure(source.sound, result.sound)
    if measured is None:
        return Alignment(text="too short or too still to measure an offset, left as it came")
    sure = confidence.probability(measured)
    if sure < confidence.SURE:
        text = f"the offset is not clear ({sure:.0%} sure of {measured.offset * 1000:+.0f} ms), left as it came"
        return Alignment(measured.offset, measured.drift, sure, text=text)
    drifts = abs(measured.drift) >= DRIFTS
    speed = 1 + measured.drift if drifts and stretch.available() else 1.0
    middle = measured.seconds / 2
    slip = (measured.offset - measured.drift * middle) / speed if speed != 1.0 else measured.offset
    slip = slip if abs(slip) >= SMALLEST else 0.0
    words = [f"{measured.offset * 1000:+.0f} ms {'corrected' if slip else 'is in place'}"]
    words.append(f"{abs(measured.drift) * 100:.2f} % drift" + (" taken out" if speed != 1.0 else ""))
    return Alignment(measured.offset, measured.drift, sure, slip, speed, ", ".join([*words, "confident"]))


def warnings(source: Heard, result: Heard, found: Alignment, tempo: float | None) -> list[dict[str, str]]:
    """Return what is wrong with the result, and what to do about it.

    Args:
        source: the clip as it was sent.
        result: what came back.
        found: how it lies on the source.
        tempo: BPM that the DAW says, None where it does not.
    """
    late = found.offset if found.sure >= confidence.SURE else 0.0
    notes: list[tuple[str, str]] = []
    if abs(found.drift) >= DRIFTS and found.sure >= confidence.SURE and found.speed == 1.0:
        text = f"The result drifts by {found.drift * 100:+.2f} %; `pip install 'ace-bridge[stretch]'` puts that right."
        notes.append(("drift_left", text))
    missing = defects.missing(result.passed, source.passed)
    if missing >= defects.MISSING:
        notes.append(
            ("result_mostly_silent", f"The result is silent for {missing:.0%} of the time in which the clip plays.")
        )
    elif defects.steadiness(result.sound) >= defects.NOISE > defects.steadiness(source.sound):
        notes.append(("result_noise", "The result sounds like steady noise, without notes or beats."))
    if holes := defects.gaps(result.passed, source.passed, late):
        often = "once" if len(holes) == 1 else f"{len(holes)} times"
        text = f"The result breaks off {often}, for {holes[0][1] * 1000:.0f} ms at {holes[0][0]:.2f} s."
        notes.append(("result_gaps", text))
    if defects.clips(result.passed, source.passed):
        notes.append(("result_clipped", "The result is clipped: its loudest parts are cut flat and will crackle."))
    notes += _likeness(source, result, late, found.sure >= confidence.SURE, tempo)
    return [{"code": code, "text": f"{text} {AGAIN}" if code != "drift_left" else text} for code, text in notes]


def _likeness(source: Heard, result: Heard, late: float, aligned: bool, tempo: float | None) -> list[tuple[str, str]]:
    """Return whether the result is the source again, or goes at a tempo of its own."""
    if defects.sameness(source.sound, result.sound, late) >= defects.SAME:
        return [("result_unchanged", "The result is as good as the clip itself: the model changed nothing.")]
    if aligned:
        return []
    first = rhythm.find_tempo(onsets.onset_envelope(source.sound), tempo)
    second = rhythm.find_tempo(onsets.onset_envelope(result.sound))
    if first is None or second is None or rhythm.related(first, second):
        return []
    text = f"The result goes at about {second.bpm:.0f} BPM, and the clip at {first.bpm:.0f} BPM."
    return [("result_other_tempo", text)]
