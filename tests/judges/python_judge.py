"""Runs fal's unpatched Python client against the fake; a proxy and a certificate make the fake appear as fal's hosts.

This program runs in its own process, because the client reads the environment on import. The program's arguments are
the clip and a folder for a large file. It prints the client's return values as one JSON object.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import fal_client
import httpx

ENDPOINT = "fal-ai/ace-step/audio-to-audio"
LARGE = 100 * 1024 * 1024 + 1  # bytes; the client uploads files above 100 MiB in parts


def control(**command: Any) -> None:
    httpx.post("https://queue.fal.run/_control", json=command).raise_for_status()


def refusal(work: Any) -> dict[str, Any] | None:
    try:
        work()
    except fal_client.client.FalClientHTTPError as error:
        return {"status": error.status_code, "message": error.message, "error_type": error.error_type}
    return None


def storage(seen: dict[str, Any], clip: Path, folder: Path) -> str:
    lifecycle = fal_client.StorageSettings(expires_in="1d")
    seen["url"] = fal_client.upload(clip.read_bytes(), "audio/flac", file_name=clip.name, lifecycle=lifecycle)
    seen["file"] = fal_client.upload_file(clip)
    seen["gcs"] = fal_client.upload_file(clip, repository="fal")
    large = folder / "large.flac"
    with large.open("wb") as file:
        file.write(b"ends")
        file.truncate(LARGE - 4)
        file.seek(0, 2)
        file.write(b"here")
    seen["multipart"] = fal_client.upload_file(large)
    large.unlink()
    return str(seen["url"])


def main() -> None:
    clip, folder = Path(sys.argv[1]), Path(sys.argv[2])
    seen: dict[str, Any] = {}
    url = storage(seen, clip, folder)
    order = {"audio_url": url, "original_tags": "noise", "tags": "bossa nova", "lyrics": "[inst]", "seed": 7}

    control(hold="IN_QUEUE")
    handle = fal_client.submit(ENDPOINT, arguments=order)
    status = handle.status(with_logs=True)
    seen["status"], seen["position"] = type(status).__name__, status.position
    control(release=True)
    seen["result"] = handle.get()
    seen["late"] = refusal(handle.cancel)

    updates: list[Any] = []
    seen["subscribed"] = fal_client.subscribe(ENDPOINT, arguments=order, with_logs=True, on_queue_update=updates.append)
    seen["updates"] = list(dict.fromkeys(type(update).__name__ for update in updates))
    seen["logs"] = updates[-1].logs

    control(hold="IN_QUEUE")
    held = fal_client.submit(ENDPOINT, arguments=order)
    held.cancel()
    seen["withdrawn"] = refusal(held.get)
    control(release=True)
    seen["unknown"] = refusal(lambda: fal_client.cancel(ENDPOINT, "no-such-id"))
    seen["invalid"] = refusal(lambda: fal_client.subscribe(ENDPOINT, arguments={**order, "number_of_steps": 99}))
    control(fail={"call": "submit", "fault": {"kind": "answer", "status": 429, "body": {"detail": "slow"}}, "times": 2})
    seen["patient"] = fal_client.subscribe(ENDPOINT, arguments=order)["seed"]
    sys.stdout.write(json.dumps(seen) + "\n")


if __name__ == "__main__":
    main()
