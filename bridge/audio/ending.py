"""Describes why the length of a sound file differs from the length in its header, as a warning for users."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

UNNOTICED = 0.01  # s; a shorter difference in length comes from rounding, or from a careless writer of headers
INSTALL = "Install ffmpeg to use the whole file."


class End(Enum):
    """Why a file's header does not give the length of its sound. The values are codes of warnings."""

    UNKNOWN = "header_wrong"  # the header gives no usable length; the file was read to its last byte
    CUT = "source_short"  # the file has less sound than its header promises
    STOPPED = "decoder_stopped"  # the decoder reads only the first part of the sound
    DAMAGED = "source_damaged"  # ffmpeg reported errors while it decoded the file


@dataclass(frozen=True, slots=True)
class Ending:
    """How the sound of a file ends if its header does not say so."""

    kind: End
    promised: int = 0  # frames in the whole file, by its header or its frames; 0: unknown
    reason: str = ""  # the cause, as a part of a sentence
    advice: str = ""  # what to do, as a sentence

    @property
    def needs_ffmpeg(self) -> bool:
        """Return whether ffmpeg could read more of the file."""
        return self.advice == INSTALL

    def text(self, name: str, frames: int, rate: int) -> str:
        """Return the warning.

        Args:
            name: the file's name.
            frames: number of frames that can be read.
            rate: sample rate, Hz.
        """
        read, whole = f"{frames / rate:.3f} s", f"{self.promised / rate:.3f} s"
        if self.kind is End.UNKNOWN:
            return f"The header of {name} does not give a valid length, so the file was read to its end ({read})."
        if self.kind is End.CUT and self.promised - frames < UNNOTICED * rate:
            return f"The header of {name} promises {self.promised - frames} samples more than the file has."
        if self.kind is End.CUT:
            return f"{name} ends at {read}, although its header promises {whole}."
        of = f" of about {whole}" if self.promised > frames else ""
        if self.kind is End.STOPPED:
            return f"Only {read}{of} of {name} could be read, because {self.reason}. {self.advice}"
        return f"ffmpeg reported an error in {name} and decoded {read}{of}: {self.reason}. {self.advice}"
