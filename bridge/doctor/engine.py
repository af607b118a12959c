"""The engine: is there a key, has it the form of one, and with `--online`, does fal take it?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from bridge.config.credentials import Found, find, mask
from bridge.doctor.base import Context, Finding
from bridge.errors import BridgeError, KeyMissing
from bridge.util.addresses import is_loopback

FORM = re.compile(r"[\w-]{8,}:[\w-]{16,}")  # fal's keys as its dashboard gives them: id and secret
NOBODY = "00000000-0000-0000-0000-000000000000"  # a request that does not exist: asking for it orders nothing
PATIENCE = 15.0  # s
OFF = 60.0  # s that this clock may differ from fal's


def look(context: Context) -> Iterator[Finding]:
    """Look at the way to the model."""
    try:
        found = find(context.environ, context.home, context.keychain)
    except BridgeError as problem:
        yield Finding("key", "trouble", problem.text, problem.hint)
        return
    if found is None:
        needed = context.settings.engine.default == "fal"
        text = "There is no key for fal, so remixes are made offline, by signal processing (that is not ACE-Step)."
        yield Finding("key", "trouble" if needed else "hint", text, KeyMissing.hint)
        return
    yield _key(found, context)
    if context.online:
        yield from _online(found, context)


def _key(found: Found, context: Context) -> Finding:
    said = f"The key for fal comes from {found.origin} and begins with {mask(found.key)}"
    local = context.settings.origins.get("fal.queue_url") != "default"
    if not FORM.fullmatch(found.key) and not local:
        text = f"{said}, but it does not look like one: they are two parts with a colon between."
        return Finding("key", "hint", text, "Copy the whole key from fal.ai/dashboard/keys; ace-bridge config set-key.")
    if found.origin.startswith("FAL_KEY"):
        text = f"{said}; a bridge that your DAW starts does not see the terminal's environment."
        return Finding("key", "hint", text, "ace-bridge config set-key keeps it for every way of starting.")
    return Finding("key", "well", f"{said}.")


def _online(found: Found, context: Context) -> Iterator[Finding]:
    """Ask for a request that does not exist: fal's answer tells whether it takes the key, and what time it is."""
    import httpx  # only when somebody asks for it

    fal = context.settings.fal
    base = "/".join(fal.endpoint.split("/")[:2])  # fal keeps requests under owner and app, without the path below
    url = httpx.URL(f"{fal.queue_url}/{base}/requests/{NOBODY}/status")
    if url.scheme != "https" and not is_loopback(url.host):
        text = f"The key was not sent to {url.host}: that is no secure connection."
        yield Finding("fal", "trouble", text, "Write [fal] queue_url with https.")
        return
    try:
        answer = httpx.get(url, headers={"Authorization": f"Key {found.key}"}, timeout=PATIENCE, follow_redirects=False)
    except httpx.HTTPError as problem:
        text = f"fal cannot be reached at {url.host}: {type(problem).__name__}."
        yield Finding("fal", "trouble", text, "Check the network, a firewall or proxy, and status.fal.ai.")
        return
    yield _answered(answer.status_code, url.host)
    yield from _time(answer.headers.get("date", ""), context)


def _answered(status: int, host: str) -> Finding:
    if status in (401, 403):
        text = f"fal does not take the key (it answered {status})."
        return Finding("fal", "trouble", text, "Make a new key at fal.ai/dashboard/keys; ace-bridge config set-key.")
    if status >= 500:
        return Finding(
            "fal", "trouble", f"fal is out of order just now ({status}).", "See status.fal.ai; try again later."
        )
    return Finding("fal", "well", f"fal answers at {host} and takes the key.")


def _time(date: str, context: Context) -> Iterator[Finding]:
    try:
        off = context.clock() - parsedate_to_datetime(date).timestamp()
    except ValueError:
        return
    if abs(off) > OFF:
        text = f"The clock is {abs(off):.0f} s {'fast' if off > 0 else 'slow'} by fal's."
        yield Finding("clock.online", "hint", text, "Let the system set its clock by itself.")
