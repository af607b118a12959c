"""Compares a result with its source: measures offset and drift, finds defects, and describes the findings for users.

The tasks `fit` and `join` make this comparison before they cut a result. The source and the result are each decoded
once, in blocks, and kept as 16 kHz mono.
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
from bridge.util.this_copy import this_copy
from bridge.workers.tasks.opening import RESULT, SOURCE, opened

SMALLEST = 0.0005  # s; smaller offsets are not corrected
DRIFTS = 0.0005  # smallest drift that is corrected by stretching: 7.5 ms at each end of a clip of 30 s
AGAIN = "Try another seed, or `ace-bridge rerun` with other tags."


@dataclass(frozen=True, slots=True)
class Heard:
    """A decoded source or result."""

    sound: Mono  # samples at onsets.RATE
    passed: Passed  # statistics of the stream
    rate: int  # sample rate of the file, Hz


@dataclass(frozen=True, slots=True)
class Alignment:
    """The measured timing and its correction."""

    offset: float = 0.0  # how late the result is in the middle of the clip, s
    drift: float = 0.0  # relative drift: the result takes 1 + drift s for each second of the source
    sure: float = 0.0  # probability that offset and drift are right, 0..1
    slip: float = 0.0  # s to skip at the start of the stretched result; below 0: silence to insert
    speed: float = 1.0  # playback speed that removes the drift
    text: str = "not compared with the source"  # description of the alignment for users

    def to_wire(self) -> dict[str, Any]:
        """Return the alignment as JSON values for the journal, the recipe and the interfaces."""
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
        BridgeError: the file cannot be used; `errors` gives the class of the error.
    """
    with opened(path, errors, scratch) as reader:
        info = reader.info
        intake = Intake(info.sample_rate, info.channels)
        sound = onsets.heard(intake.watched(reader.blocks(0, info.frames)), info.sample_rate)
        return Heard(sound, intake.passed(), info.sample_rate)


def listen_to_both(source: Path, result: Path, scratch: Path) -> tuple[Heard, Heard]:
    """Decode the submitted clip and the result in parallel.

    Raises:
        ClipError: the submitted clip cannot be used.
        ResultError: the result cannot be used.
    """
    return both(lambda one: listen(*one, scratch), (source, SOURCE), (result, RESULT))


def result_of(path: Path, scratch: Path) -> Heard:
    """Decode only the result."""
    return listen(path, RESULT, scratch)


def alignment(source: Heard, result: Heard) -> Alignment:
    """Measure the result's offset and drift, and plan their correction if the measurement is reliable."""
    measured = align.measure(source.sound, result.sound)
    if measured is None:
        return Alignment(text="timing not corrected (too short or too quiet to measure)")
    sure = confidence.probability(measured)
    if sure < confidence.SURE:
        text = f"timing not corrected ({sure * 100:.0f} % confidence in {round(measured.offset * 1000):+d} ms)"
        return Alignment(measured.offset, measured.drift, sure, text=text)
    drifts = abs(measured.drift) >= DRIFTS
    speed = 1 + measured.drift if drifts and stretch.available() else 1.0
    middle = measured.seconds / 2
    slip = (measured.offset - measured.drift * middle) / speed if speed != 1.0 else measured.offset
    slip = slip if abs(slip) >= SMALLEST else 0.0
    words = [f"{round(measured.offset * 1000):+d} ms {'corrected' if slip else 'in place'}"]
    words.append(f"{abs(measured.drift) * 100:.2f} % drift" + (" removed" if speed != 1.0 else ""))
    return Alignment(
        measured.offset, measured.drift, sure, slip, speed, ", ".join([*words, f"{sure * 100:.0f} % confidence"])
    )


def warnings(source: Heard, result: Heard, found: Alignment, tempo: float | None) -> list[dict[str, str]]:
    """Return warnings about the result, each with advice for the user.

    Args:
        source: the submitted clip.
        result: the engine's result.
        found: alignment of the result with the source.
        tempo: tempo in the DAW, BPM, or None.
    """
    late = found.offset if found.sure >= confidence.SURE else 0.0
    notes: list[tuple[str, str]] = []
    if abs(found.drift) >= DRIFTS and found.sure >= confidence.SURE and found.speed == 1.0:
        command = this_copy().to_add("stretch")
        text = f"The result drifts by {found.drift * 100:+.2f} %. `{command}` adds what corrects this."
        notes.append(("drift_left", text))
    missing = defects.missing(result.passed, source.passed)
    if missing >= defects.MISSING:
        notes.append(
            ("result_mostly_silent", f"The result is silent for {missing:.0%} of the time in which the clip sounds.")
        )
    elif defects.steadiness(result.sound) >= defects.NOISE > defects.steadiness(source.sound):
        notes.append(("result_noise", "The result sounds like steady noise, without notes or beats."))
    if holes := defects.gaps(result.passed, source.passed, late):
        often = "once" if len(holes) == 1 else f"{len(holes)} times"
        text = f"The result drops out {often}, for {holes[0][1] * 1000:.0f} ms at {holes[0][0]:.2f} s."
        notes.append(("result_gaps", text))
    if defects.clips(result.passed, source.passed):
        notes.append(("result_clipped", "The result is clipped: its loudest parts are distorted."))
    notes += _likeness(source, result, late, found.sure >= confidence.SURE, tempo)
    return [{"code": code, "text": f"{text} {AGAIN}" if code != "drift_left" else text} for code, text in notes]


def _likeness(source: Heard, result: Heard, late: float, aligned: bool, tempo: float | None) -> list[tuple[str, str]]:
    """Return a warning if the result is the unchanged source or has a different tempo."""
    if defects.sameness(source.sound, result.sound, late) >= defects.SAME:
        return [("result_unchanged", "The result is almost identical to the clip: the model changed nothing.")]
    if aligned:
        return []
    first = rhythm.find_tempo(onsets.onset_envelope(source.sound), tempo)
    second = rhythm.find_tempo(onsets.onset_envelope(result.sound))
    if first is None or second is None or rhythm.related(first, second):
        return []
    text = f"The result has about {second.bpm:.0f} BPM, the clip {first.bpm:.0f} BPM."
    return [("result_other_tempo", text)]
