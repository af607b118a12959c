"""The mock's REAPER functions about effects of takes and tracks; an effect has a state but does not process audio."""

from __future__ import annotations

from tests.daws.reaper.functions_base import Base, entry
from tests.daws.reaper.model import Take, Track

NAME = "VST: ReaComp (Cockos)"  # name of every effect in the mock
INPUT_FX = 0x1000000  # added to the index of a track's record input or monitoring effect


class Effects(Base):
    """Functions about effects."""

    def TakeFX_GetCount(self, take: Take) -> int:
        return len(take.fx)

    def TakeFX_GetEnabled(self, take: Take, fx: int) -> bool:
        return bool(entry(take.fx, fx))

    def TakeFX_SetEnabled(self, take: Take, fx: int, enabled: bool) -> None:
        self.host.must_be_in_block(take.item.track.project)
        if entry(take.fx, fx) is not None:
            take.fx[int(fx)] = enabled

    def TakeFX_GetOffline(self, take: Take, fx: int) -> bool:
        return False

    def TakeFX_GetFXName(self, take: Take, fx: int) -> tuple[bool, str]:
        found = entry(take.fx, fx) is not None
        return found, NAME if found else ""

    def TakeFX_Delete(self, take: Take, fx: int) -> bool:
        self.host.must_be_in_block(take.item.track.project)
        if entry(take.fx, fx) is None:
            return False
        del take.fx[int(fx)]
        return True

    def _chain(self, track: Track, fx: int) -> tuple[list[bool], int]:
        return (track.input_fx, int(fx) - INPUT_FX) if fx >= INPUT_FX else (track.fx, int(fx))

    def TrackFX_GetCount(self, track: Track) -> int:
        return len(track.fx)

    def TrackFX_GetRecCount(self, track: Track) -> int:
        return len(track.input_fx)

    def TrackFX_GetEnabled(self, track: Track, fx: int) -> bool:
        return bool(entry(*self._chain(track, fx)))

    def TrackFX_SetEnabled(self, track: Track, fx: int, enabled: bool) -> None:
        self.host.must_be_in_block(track.project)
        chain, index = self._chain(track, fx)
        if entry(chain, index) is not None:
            chain[index] = enabled

    def TrackFX_GetOffline(self, track: Track, fx: int) -> bool:
        return False

    def TrackFX_GetFXName(self, track: Track, fx: int) -> tuple[bool, str]:
        found = entry(*self._chain(track, fx)) is not None
        return found, NAME if found else ""

    def TrackFX_Delete(self, track: Track, fx: int) -> bool:
        self.host.must_be_in_block(track.project)
        chain, index = self._chain(track, fx)
        if entry(chain, index) is None:
            return False
        del chain[index]
        return True
