"""The fal engine's allow-list: which URLs may receive the key, and which hosts may receive or send audio.

The key is sent only to the two configured base URLs. Audio is sent only to listed hosts and downloaded only from them.
Every URL from fal's answers, including the target of a redirect, is checked here before it is used.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

import httpx

from bridge.errors import ConfigInvalid, HostRefused
from bridge.util.addresses import is_loopback

_PORTS = {"https": 443, "http": 80}


class Hosts:
    """The allow-list of an engine."""

    def __init__(self, queue_url: str, rest_url: str, result_hosts: Sequence[str]) -> None:
        """Store the configured base URLs and the hosts allowed for audio.

        Args:
            queue_url: Base URL of the queue, for example https://queue.fal.run; may also be http.
            rest_url: Base URL of the storage API; may also be http.
            result_hosts: Host names; `*.example.org` for subdomains, `name:port` for ports other than 443, `::1` or
                `[::1]:port` for an IPv6 address.

        Raises:
            ConfigInvalid: a base URL is not an http(s) URL.
        """
        self.queue = queue_url.rstrip("/")
        self.rest = rest_url.rstrip("/")
        self._bases = {_origin_of_base(queue_url, "queue_url"), _origin_of_base(rest_url, "rest_url")}
        self._patterns = tuple(pattern.lower() for pattern in result_hosts)

    def may_have_key(self, url: str) -> bool:
        """Return whether a request to `url` may carry the key: its origin must be that of a configured base URL."""
        parsed = _parse(url)
        return parsed is not None and _origin(parsed) in self._bases

    def may_have_audio(self, url: str) -> bool:
        """Return whether audio may be sent to or downloaded from `url`."""
        parsed = _parse(url)
        if parsed is None:
            return False
        if _origin(parsed) in self._bases:
            return True
        if not any(_matches(pattern, parsed) for pattern in self._patterns):
            return False
        return parsed.scheme == "https" or is_loopback(parsed.host)

    def require_key(self, url: str) -> None:
        """Raise `HostRefused` unless a request to `url` may carry the key."""
        if not self.may_have_key(url):
            raise HostRefused(f"fal named {shown(url)}, which is not a configured base. The key was not sent there.")

    def require_audio(self, url: str) -> None:
        """Raise `HostRefused` unless audio may be sent to or downloaded from `url`."""
        if not self.may_have_audio(url):
            raise HostRefused(
                f"fal named {shown(url)}, which is not in [fal] result_hosts. Nothing was sent or downloaded there."
            )


def redirected(url: str, location: str) -> str:
    """Return the target of a redirect from `url`, or "" if it is invalid or leads from https to http."""
    try:
        target = httpx.URL(url).join(location)
    except (httpx.InvalidURL, ValueError):
        return ""
    return "" if url.lower().startswith("https:") and target.scheme != "https" else str(target)


def shown(url: str) -> str:
    """Return only a URL's scheme, host and port, for users and logs. The path and query may contain signatures."""
    parsed = _parse(url)
    if parsed is None:
        return "an invalid URL"
    return f"{parsed.scheme}://{parsed.netloc.decode('ascii', 'replace')}"


def _parse(url: str) -> httpx.URL | None:
    """Parse a URL; return None if it is not http(s), has no host, or contains credentials."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, TypeError):
        return None
    if parsed.scheme not in _PORTS or not parsed.host or parsed.userinfo:
        return None
    return parsed


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host.lower(), url.port or _PORTS[url.scheme]


def _origin_of_base(url: str, name: str) -> tuple[str, str, int]:
    parsed = _parse(url)
    if parsed is None:
        raise ConfigInvalid(f"[fal] {name} is not an http or https URL.")
    return _origin(parsed)


def _matches(pattern: str, url: httpx.URL) -> bool:
    name, port = _split_port(pattern)
    if port:
        if int(port) != (url.port or _PORTS[url.scheme]):
            return False
    elif url.port is not None and not is_loopback(url.host):
        return False
    host = _canonical(url.host.lower())
    return host.endswith(name[1:]) and host != name[2:] if name.startswith("*.") else host == name


def _split_port(pattern: str) -> tuple[str, str]:
    """Return the host and the port; a missing port is "". An IPv6 address with a port needs brackets: `[::1]:8080`."""
    if pattern.startswith("["):
        host, _, rest = pattern[1:].partition("]")
        return _canonical(host), rest.removeprefix(":")
    if pattern.count(":") > 1:
        return _canonical(pattern), ""
    host, _, port = pattern.partition(":")
    return host, port


def _canonical(host: str) -> str:
    """Return an IP address in its shortest form, or a host name unchanged."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return host
