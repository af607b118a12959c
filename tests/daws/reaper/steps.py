"""Shared test steps that request a remix, offer results, and inspect the placed items."""

from __future__ import annotations

from typing import Any

from tests.daws.reaper.model import Item, Track
from tests.daws.reaper.rig import Rig, job
from tests.fakes.studio import write_tone

LEAD = 0.25  # length of the handle before the clip in the result file, s


def ask(rig: Rig) -> dict[str, Any]:
    """Run "Remix with last settings"; take the script's message from the inbox as the daemon does, and return it."""
    rig.act("Remix with last settings")
    rig.host.tick(3)
    assert not rig.host.boxes, rig.host.boxes
    message = rig.messages("remix")[-1]
    for one in rig.messages():
        (rig.home / "inbox" / f"{one['message_id']}.json").unlink()
    return message


def offer(rig: Rig, message: dict[str, Any], seconds: float = 1.5, *, lead: float = LEAD) -> list[str]:
    """Offer one result for each clip in the request; return the variation IDs."""
    result = write_tone(rig.folder / "result.wav", seconds)
    made = job(message["message_id"], result, count=len(message["args"]["clips"]), lead=lead)
    ids = [one["variation_id"] for one in made["variations"]]
    rig.answer(jobs=[made], place=ids)
    rig.host.tick(8)
    return ids


def placed(rig: Rig) -> list[dict[str, Any]]:
    return [one["args"] for one in rig.messages("placed")]


def source_tracks(rig: Rig) -> list[str]:
    return [track.name for track in rig.project.tracks]


ASKED = "Add placeholder"


def waiting(rig: Rig) -> list[Item]:
    """Return the project's placeholder items."""
    return [item for item in rig.project.items if "P_EXT:ace_bridge_waits" in item.texts]


def points(rig: Rig) -> list[str]:
    """Return the names of all undo points except the undo point of the request."""
    return [name for name, _ in rig.project.history if name != ASKED]


def of_bridge(rig: Rig) -> list[Item]:
    return [item for item in rig.project.items if "P_EXT:ace_bridge_variation" in item.texts]


def move(item: Item, track: Track) -> None:
    """Move an item to another track as the user would."""
    item.track.items.remove(item)
    item.track = track
    track.items.append(item)


def split(rig: Rig, item: Item, position: float) -> Item:
    """Split an item as the user would; return the right half."""
    rig.host.rules.house = False
    right = rig.host.SplitMediaItem(item, position)
    rig.host.rules.house = True
    assert right
    return right
