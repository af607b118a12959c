"""Counts the samples of an MP3 file, so that decoder.py can detect when libsndfile's count is wrong.

If a file has no Xing or Info tag, libsndfile estimates the length from the first bit rate. If the bit rate varies, the
estimate may be too short, and libsndfile drops the rest of the file. libsndfile ignores VBRI tags. If a tag does not
contain the encoder delay, libsndfile removes a default delay.
"""

from __future__ import annotations

from dataclasses import dataclass
from mmap import mmap

from bridge.audio import id3

RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}  # Hz; for MPEG 1, 2 and 2.5
KBIT_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)  # MPEG 1 layer III
KBIT_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)  # MPEG 2 and 2.5 layer III
TAGS = (b"Xing", b"Info")
DECODER_DELAY = 529  # samples; delay of every layer III decoder (LAME's technical FAQ, "decoder delay")
SEARCHED = 65_536  # bytes after a frame in which the next frames are searched
FRAMES, BYTES, TOC, QUALITY = 1, 2, 4, 8  # flags for the fields in a tag


def frame_at(data: bytes | mmap, start: int) -> tuple[int, int] | None:
    r"""Return the length (bytes, samples) of the layer III frame at `start`, or None if no frame starts there.

    ISO 11172-3, 2.4.1.3 describes the frame header.

    >>> frame_at(b"\xff\xfb\x90\x00", 0)  # MPEG 1, 128 kbit/s, 44.1 kHz
    (417, 1152)
    """
    head = int.from_bytes(data[start : start + 4], "big")
    version, layer, bit_rate, rate = head >> 19 & 3, head >> 17 & 3, head >> 12 & 15, head >> 10 & 3
    if head >> 21 != 0x7FF or version == 1 or layer != 1 or bit_rate in (0, 15) or rate == 3:
        return None
    samples = 1152 if version == 3 else 576
    kbit = (KBIT_1 if version == 3 else KBIT_2)[bit_rate]
    return samples // 8 * kbit * 1000 // RATES[version][rate] + (head >> 9 & 1), samples


@dataclass(frozen=True, slots=True)
class Count:
    """The number of samples per channel in an MP3 file."""

    walked: int  # samples in all complete frames, without a frame that contains only a tag
    told: int | None  # by a Xing or Info tag; None: there is no tag with a number of frames
    has_delay: bool  # whether the tag contains the encoder delay, so that libsndfile's own count follows the tag
    is_whole: bool  # whether the file has at least as many bytes as the tag says
    frame: int  # samples per frame

    @property
    def expected(self) -> int | None:
        """Return the number of samples that libsndfile should find; None: libsndfile's own count is correct."""
        if self.has_delay:
            return None
        return self.walked if self.told is None else self.told

    @property
    def lacks_frames(self) -> bool:
        """Return whether the file has fewer frames than its tag says; encoders may count the tag's own frame."""
        return self.told is not None and self.walked < self.told - self.frame

    @property
    def has_more(self) -> bool:
        """Return whether the file has more frames than its tag says, which libsndfile does not decode."""
        return self.told is not None and self.walked > self.told + self.frame


def counted(data: bytes | mmap) -> Count | None:
    r"""Count the samples by the tag and by the frames; return None if no frame is found.

    >>> counted((b"\xff\xfb\x90\x00" + bytes(413)) * 10).walked
    11520
    """
    start = 0
    while length := id3.tag_bytes(data[start : start + 10]):
        start += length
    first = frame_at(data, start)
    if first is None:
        return None
    frame = data[start : start + first[0]]
    tag = next((frame[frame.index(tag) :] for tag in TAGS if tag in frame), None)
    if tag is not None and len(tag) > 12 and tag[7] & FRAMES:
        told, has_delay, size = _told(tag)
        walked = _walked(data, start + first[0])
        return Count(walked, told * first[1], has_delay, 0 < size <= len(data) - start, first[1])
    if b"VBRI" in frame:
        start += first[0]
    return Count(_walked(data, start), None, has_delay=False, is_whole=False, frame=first[1])


def _told(tag: bytes) -> tuple[int, bool, int]:
    """Return the number of frames in a Xing or Info tag, whether it contains the encoder delay, and its bytes (or 0).

    LAME writes the encoder's name and the delay after the other fields of the tag.
    """
    flags = tag[7]
    end = 8 + 4 * bool(flags & FRAMES) + 4 * bool(flags & BYTES) + 100 * bool(flags & TOC) + 4 * bool(flags & QUALITY)
    size = int.from_bytes(tag[12:16], "big") if flags & BYTES else 0
    return int.from_bytes(tag[8:12], "big"), tag[end : end + 1] not in (b"\0", b""), size


def _walked(data: bytes | mmap, start: int) -> int:
    """Count the samples of all frames from `start` on, header by header, also after tags or damaged bytes."""
    total = 0
    while True:
        frame = frame_at(data, start)
        if frame is None:
            place = _next_frame(data, start)
            if place is None:
                return total
            start = place
        elif start + frame[0] > len(data):
            return total
        else:
            start += frame[0]
            total += frame[1]


def _next_frame(data: bytes | mmap, start: int) -> int | None:
    """Return the offset of the next two frames in a row, or None if none follows soon."""
    start += id3.tag_bytes(data[start : start + 10])
    place = data.find(b"\xff", start)
    while 0 <= place < start + SEARCHED:
        frame = frame_at(data, place)
        if frame is not None and frame_at(data, place + frame[0]) is not None:
            return place
        place = data.find(b"\xff", place + 1)
    return None
