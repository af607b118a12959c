"""Tests which addresses count as loopback: one rule for OSC senders, listening addresses and engine URLs."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.config.load import load
from bridge.engines.fal.hosts import Hosts
from bridge.errors import ConfigInvalid
from bridge.util.addresses import is_loopback


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("::1%1", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:7f08:808", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("::ffff:0.0.0.0", False),
        ("192.168.1.20", False),
        ("::ffff:192.168.1.20", False),
        ("fe80::1%eth0", False),
        ("127.0.0.1%eth0", False),
        ("127.0.0.1.example.org", False),
        ("localhost.example.org", False),
        ("studio.local", False),
        ("127.1", False),
        ("", False),
    ],
)
def test_only_this_machine_is_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.parametrize("host", ["127.0.0.1", "[::ffff:127.0.0.1]", "[::1]", "localhost"])
def test_audio_may_go_unencrypted_only_to_this_machine(host: str) -> None:
    hosts = Hosts("https://queue.fal.run", "https://rest.fal.ai", [host.strip("[]"), "example.org"])
    assert hosts.may_have_audio(f"http://{host}:8080/clip.wav")
    assert not hosts.may_have_audio("http://example.org/clip.wav")


@pytest.mark.parametrize(
    ("pattern", "allowed", "refused"),
    [
        ("::1", "http://[::1]:8080/a", "http://[::2]:8080/a"),
        ("[::1]", "http://[::1]:8080/a", "http://[::1:8080]/a"),
        ("[::1]:8080", "http://[::1]:8080/a", "http://[::1]:8081/a"),
        ("0:0:0:0:0:0:0:1", "http://[::1]/a", "http://127.0.0.1/a"),
        ("2001:db8::1", "https://[2001:db8::1]/a", "https://[2001:db8::1]:8443/a"),
        ("[2001:db8::1]:8443", "https://[2001:db8::1]:8443/a", "https://[2001:db8::1]/a"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080/a", "http://127.0.0.1:8081/a"),
    ],
)
def test_result_hosts_may_be_ipv6_addresses(tmp_path: Path, pattern: str, allowed: str, refused: str) -> None:
    config = load(tmp_path, {"ACE_BRIDGE_FAL_RESULT_HOSTS": pattern})
    hosts = Hosts(config.fal.queue_url, config.fal.rest_url, config.fal.result_hosts)
    assert hosts.may_have_audio(allowed)
    assert not hosts.may_have_audio(refused)


@pytest.mark.parametrize("pattern", ["[::1", "::1]", "[]", "[::1]:", "[::1]:x", "http://[::1]", "a:b:c:x"])
def test_result_hosts_refuse_what_is_not_an_address(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(ConfigInvalid, match="a host name"):
        load(tmp_path, {"ACE_BRIDGE_FAL_RESULT_HOSTS": pattern})
