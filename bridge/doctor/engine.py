"""Checks whether there is a fal key, whether the key looks valid and, with `--online`, whether fal accepts the key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from bridge.config.credentials import Found, find, mask
from bridge.config.key_text import FORM
from bridge.doctor.base import Context, Finding
from bridge.errors import BridgeError, KeyMissing
from bridge.util.addresses import is_loopback
from bridge.util.redact import SCRUBBER
from bridge.util.web_page import is_web_page

REJECTED = "fal rejects the key (HTTP 401)."
NO_REQUEST = "00000000-0000-0000-0000-000000000000"  # ID of a nonexistent request
TIMEOUT = 15.0  # seconds to wait for fal
TOLERANCE = 60.0  # seconds by which this machine's clock may differ from fal's clock


def look(context: Context) -> Iterator[Finding]:
    """Check the fal key and, with `--online`, the connection to fal."""
    try:
        found = find(context.environ, context.home, context.keychain)
    except BridgeError as problem:
        yield Finding("key", "trouble", problem.text, problem.hint)
        return
    if found is None:
        needed = context.settings.engine.default == "fal"
        text = "There is no fal key, so remixes are made offline, by signal processing (that is not ACE-Step)."
        yield Finding("key", "trouble" if needed else "hint", text, KeyMissing.hint)
        return
    yield _key(found, context)
    if context.online:
        yield from online(found, context)


def _key(found: Found, context: Context) -> Finding:
    about = f"The fal key comes from {found.origin} and begins with {mask(found.key)}"
    local = context.settings.origins.get("fal.queue_url") != "default"
    if not FORM.fullmatch(found.key) and not local:
        text = f"{about}, but it does not look like a key, which is two parts with a colon between them."
        fix = "Copy the whole key from fal.ai/dashboard/keys, and run `ace-bridge config set-key`."
        return Finding("key", "hint", text, fix)
    if found.origin.startswith("FAL_KEY"):
        text = f"{about}. A bridge started by a DAW does not see the terminal's environment."
        return Finding("key", "hint", text, "Store the key with `ace-bridge config set-key`.")
    return Finding("key", "well", f"{about}.")


def online(found: Found, context: Context) -> Iterator[Finding]:
    """Query the status of a nonexistent request. The reply shows fal's time and whether fal accepts the key."""
    import httpx  # imported only here, because the import is slow

    fal = context.settings.fal
    base = "/".join(fal.endpoint.split("/")[:2])  # only the owner and the app, without the rest of the path
    url = httpx.URL(f"{fal.queue_url}/{base}/requests/{NO_REQUEST}/status")
    if url.scheme != "https" and not is_loopback(url.host):
        text = f"The key was not sent to {url.host}, because that is not a secure connection."
        yield Finding("fal", "trouble", text, "Set [fal] queue_url to an https address.")
        return
    try:
        answer = httpx.get(url, headers={"Authorization": f"Key {found.key}"}, timeout=TIMEOUT, follow_redirects=False)
    except httpx.HTTPError as problem:
        text = f"fal cannot be reached at {url.host}: {type(problem).__name__}."
        yield Finding("fal", "trouble", text, "Check the network, firewall, proxy and status.fal.ai.")
        return
    is_page = is_web_page(answer.content, answer.headers.get("content-type", ""))
    yield _blocked(answer.status_code, url.host) if is_page else _answered(answer.status_code, url.host, answer.text)
    yield from _time(answer.headers.get("date", ""), context)


def _answered(status: int, host: str, body: str) -> Finding:
    if 300 <= status < 400:
        return _blocked(status, host)
    if status == 401:
        fix = "Create a new key at fal.ai/dashboard/keys, and run `ace-bridge config set-key`."
        return Finding("fal", "trouble", REJECTED, fix)
    if status == 403:
        text = f"fal denies access to the account (HTTP {status}). {_said(body)}"
        fix = "See the balance at fal.ai/dashboard/billing. Only fal (support@fal.ai) can lift an admin lock."
        return Finding("fal", "trouble", text, fix)
    if status >= 500:
        return Finding("fal", "trouble", f"fal has an outage (HTTP {status}).", "See status.fal.ai; try again later.")
    return Finding("fal", "well", f"fal replies at {host} and accepts the key.")


def _blocked(status: int, host: str) -> Finding:
    text = f"A web page or a redirect came from {host} instead of fal's reply (HTTP {status})."
    return Finding("fal", "trouble", text, "Check the network: a proxy, or a Wi-Fi that needs a login.")


def _said(body: str) -> str:
    """Return fal's message in a reply, as one line."""
    try:
        detail = json.loads(body)["detail"]
    except (ValueError, KeyError, TypeError):
        return "fal gives no reason."
    return SCRUBBER.clean(f"fal says: {' '.join(str(detail).split())[:200]}")


def _time(date: str, context: Context) -> Iterator[Finding]:
    try:
        off = context.clock() - parsedate_to_datetime(date).timestamp()
    except ValueError:
        return
    if abs(off) > TOLERANCE:
        text = f"This machine's clock is {abs(off):.0f} s {'fast' if off > 0 else 'slow'}, compared with fal's."
        yield Finding("clock.online", "hint", text, "Let the system set its clock automatically.")
