"""The mock's REAPER functions about media sources and audio accessors."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from tests.daws.reaper.functions_base import Base
from tests.daws.reaper.model import Handle, Source, Take

if TYPE_CHECKING:
    from tests.daws.reaper.host import Host


class Array(Handle):
    """A mock of the type `reaper.array`; Lua counts its values from 1."""

    kind = "reaper.array"

    def __init__(self, host: Host, size: int) -> None:
        self._host = host
        self.values = [0.0] * size

    def __getitem__(self, key: Any) -> Any:
        return getattr(self, key) if isinstance(key, str) else self.values[self._place(key)]

    def __setitem__(self, key: Any, value: float) -> None:
        self.values[self._place(key)] = float(value)

    def _place(self, key: Any) -> int:
        if not isinstance(key, int | float) or not 1 <= key <= len(self.values):
            self._host.fail(f"a reaper.array has no value {key}")
        return int(key) - 1

    def clear(self, value: float = 0.0) -> None:
        self.values = [float(value)] * len(self.values)

    def get_alloc(self) -> int:
        return len(self.values)

    def table(self) -> Any:
        return self._host.running.runtime.table_from(self.values)


class Accessor(Handle):
    kind = "AudioAccessor"

    def __init__(self, take: Take) -> None:
        self.take = take


class Sources(Base):
    """Functions about media sources and audio accessors."""

    def GetMediaItemTake_Source(self, take: Take) -> Source | None:
        return take.source

    def SetMediaItemTake_Source(self, take: Take, source: Source) -> bool:
        self.host.must_be_in_block(take.item.track.project)
        if any(source in one.everything() for one in self.host.projects):
            source = copy.copy(source)
        take.source = source
        return True

    def GetMediaSourceParent(self, source: Source) -> Source | None:
        return source.parent

    def GetMediaSourceFileName(self, source: Source) -> str:
        return source.path

    def GetMediaSourceType(self, source: Source) -> str:
        return source.type

    def GetMediaSourceLength(self, source: Source) -> tuple[float, bool]:
        return source.info()[0], False

    def GetMediaSourceNumChannels(self, source: Source) -> int:
        return source.info()[2]

    def GetMediaSourceSampleRate(self, source: Source) -> int:
        return source.info()[1]

    def PCM_Source_CreateFromFile(self, path: str) -> Source | None:
        try:
            source = Source(self.host.paths.real(path))
            source.info()
        except (OSError, RuntimeError):
            return None
        self.host.new_sources.append(source)
        return source

    def PCM_Source_BuildPeaks(self, source: Source, mode: int) -> int:
        self.host.peaks.append((source.path, int(mode)))
        steps = len([one for one in self.host.peaks if one == (source.path, 1)])
        return 0 if mode == 2 or steps >= 3 else 100

    def CreateTakeAudioAccessor(self, take: Take) -> Accessor:
        self.host.accessors += 1
        return Accessor(take)

    def DestroyAudioAccessor(self, accessor: Accessor) -> None:
        self.host.accessors -= 1
        accessor.alive = False

    def GetAudioAccessorStartTime(self, accessor: Accessor) -> float:
        return 0.0

    def GetAudioAccessorEndTime(self, accessor: Accessor) -> float:
        return accessor.take.item.values["D_LENGTH"]

    def GetAudioAccessorSamples(
        self, accessor: Accessor, rate: int, channels: int, start: float, frames: int, array: Array
    ) -> int:
        if len(array.values) < frames * channels:
            self.host.fail("the buffer is too small")
        self.host.clock += frames * 2e-6  # simulates the time that reading takes
        rules = self.host.rules
        found = accessor.take.read(
            int(rate),
            start,
            int(frames),
            int(channels),
            copies_mono=rules.accessor_copies_mono,
            has_mode=rules.accessor_has_channel_mode,
        )
        gain = accessor.take.gain(self.host.accessor_has, int(rate), int(frames))
        found[:, :2] *= gain[..., : found.shape[1]]
        array.values[: int(frames * channels)] = [float(one) for one in found.reshape(-1)]
        return 1

    def new_array(self, size_or_table: Any, size: int | None = None) -> Array:
        """Return an array of a size, or with the values of a table."""
        if isinstance(size_or_table, int | float):
            return Array(self.host, int(size_or_table))
        values = [float(one) for one in size_or_table.values()]
        made = Array(self.host, int(size) if size is not None else len(values))
        made.values[: len(values)] = values[: len(made.values)]
        return made
