"""The mock's REAPER functions about envelopes and automation items."""

from __future__ import annotations

from typing import Any

from tests.daws.reaper.functions_base import Base, entry
from tests.daws.reaper.model import Envelope, Point, Project, Take, Track

ITEM_KEYS = {"D_POOL_ID", "D_POSITION", "D_LENGTH", "D_STARTOFFS", "D_PLAYRATE", "D_BASELINE", "D_AMPLITUDE",
             "D_LOOPSRC", "D_UISEL"}  # fmt: skip


class Envelopes(Base):
    """Functions about envelopes."""

    def CountTakeEnvelopes(self, take: Take) -> int:
        return len(take.envelopes)

    def CountTrackEnvelopes(self, track: Track) -> int:
        return len(track.envelopes)

    def GetTakeEnvelope(self, take: Take, index: int) -> Envelope | None:
        return entry(take.envelopes, index)  # type: ignore[no-any-return]

    def GetTrackEnvelope(self, track: Track, index: int) -> Envelope | None:
        return entry(track.envelopes, index)  # type: ignore[no-any-return]

    def GetTakeEnvelopeByName(self, take: Take, name: str) -> Envelope | None:
        return next((one for one in take.envelopes if one.name == name), None)

    def GetTrackEnvelopeByName(self, track: Track, name: str) -> Envelope | None:
        return next((one for one in track.envelopes if one.name == name), None)

    def GetTrackEnvelopeByChunkName(self, track: Track, name: str) -> Envelope | None:
        return next((one for one in track.envelopes if f"<{one.chunk_name}" == name), None)

    def GetEnvelopeName(self, envelope: Envelope) -> tuple[bool, str]:
        return True, envelope.name

    def Envelope_GetParentTrack(self, envelope: Envelope) -> tuple[Track | None, int, int]:
        owner = envelope.owner
        return (owner if isinstance(owner, Track) else owner.item.track), -1, -1

    def Envelope_GetParentTake(self, envelope: Envelope) -> tuple[Take | None, int, int]:
        return (envelope.owner if isinstance(envelope.owner, Take) else None), -1, -1

    def _changes(self, envelope: Envelope) -> None:
        owner = envelope.owner
        project: Project = owner.project if isinstance(owner, Track) else owner.item.track.project
        self.host.must_be_in_block(project)

    # --- points ------------------------------------------------------------------------------------------------------

    def CountEnvelopePoints(self, envelope: Envelope) -> int:
        return len(envelope.points)

    def GetEnvelopePoint(self, envelope: Envelope, index: int) -> tuple[bool, float, float, int, float, bool]:
        found = entry(envelope.points, index)
        if found is None:
            return False, 0.0, 0.0, 0, 0.0, False
        return True, found.time, found.value, found.shape, found.tension, found.selected

    def InsertEnvelopePoint(
        self, envelope: Envelope, time: float, value: float, shape: int, tension: float, selected: bool,
        no_sort: bool | None = None,
    ) -> bool:  # fmt: skip
        self._changes(envelope)
        envelope.points.append(Point(float(time), float(value), int(shape), float(tension), selected))
        return no_sort or self.Envelope_SortPoints(envelope)

    def DeleteEnvelopePointRange(self, envelope: Envelope, start: float, end: float) -> bool:
        self._changes(envelope)
        envelope.points = [one for one in envelope.points if not start <= one.time < end]
        return True

    def Envelope_SortPoints(self, envelope: Envelope) -> bool:
        envelope.points.sort(key=lambda one: one.time)
        return True

    def Envelope_Evaluate(self, envelope: Envelope, time: float, *_: float) -> tuple[int, float, float, float, float]:
        """Return the value at a time for linear points, and 0 for the derivatives."""
        if any(one.shape for one in envelope.points):
            self.host.fail("the mock only evaluates linear envelopes")
        before = [one for one in envelope.points if one.time <= time]
        after = [one for one in envelope.points if one.time > time]
        if not before or not after:
            value = (before[-1] if before else after[0]).value if envelope.points else 1.0
        else:
            left, right = before[-1], after[0]
            value = left.value + (right.value - left.value) * (time - left.time) / (right.time - left.time)
        return 0, value, 0.0, 0.0, 0.0

    # --- automation items --------------------------------------------------------------------------------------------

    def CountAutomationItems(self, envelope: Envelope) -> int:
        return len(envelope.automation_items)

    def InsertAutomationItem(self, envelope: Envelope, pool: int, position: float, length: float) -> int:
        self._changes(envelope)
        values = {**dict.fromkeys(ITEM_KEYS, 0.0), "D_POOL_ID": float(pool), "D_PLAYRATE": 1.0, "D_LOOPSRC": 1.0}
        made = {**values, "D_POSITION": float(position), "D_LENGTH": float(length), "D_AMPLITUDE": 1.0}
        envelope.automation_items.append(made)
        envelope.automation_items.sort(key=lambda one: one["D_POSITION"])
        return next(index for index, one in enumerate(envelope.automation_items) if one is made)

    def GetSetAutomationItemInfo(self, envelope: Envelope, index: int, key: str, value: float, is_set: bool) -> float:
        found: dict[str, Any] | None = entry(envelope.automation_items, index)
        if found is None:
            return 0.0
        if is_set:
            self._changes(envelope)
            self._get(found, key)
            found[key] = float(value)
        return self._get(found, key)

    # --- chunks ------------------------------------------------------------------------------------------------------

    def GetEnvelopeStateChunk(self, envelope: Envelope, _: str, is_undo: bool) -> tuple[bool, str]:
        """Return the envelope as the text of an .RPP file."""
        lines = [
            f"<{envelope.chunk_name}",
            f"ACT {int(envelope.active)} -1",
            f"VIS {int(envelope.visible)} 1 1",
            *[f"PT {one.time:.14g} {one.value:.14g} {one.shape}" for one in envelope.points],
            ">",
        ]
        return True, "\n".join(lines) + "\n"
