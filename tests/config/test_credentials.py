"""Tests where the fal key comes from, who can read it, and that no output shows it."""

from __future__ import annotations

import os
import stat
import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.config.credentials import FILE, Found, fal_key, find, forget_keychain, from_keychain, mask, set_key
from bridge.errors import HomeError, KeyInvalid
from bridge.util.redact import SCRUBBER

KEY = "0b7c1d2e-aaaa-bbbb-cccc-1234567890ab:fedcba9876543210"


def nothing() -> None:
    """Stand in for a keychain without a key."""


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_the_key_file_may_be_written_by_powershell(tmp_path: Path, encoding: str) -> None:
    (tmp_path / FILE).write_bytes(f"FAL_KEY={KEY}\r\n".encode(encoding))
    (tmp_path / FILE).chmod(0o600)
    assert fal_key({}, tmp_path, nothing) == KEY


def test_the_order_of_key_sources(tmp_path: Path) -> None:
    set_key(tmp_path, "from:file")
    environ = {"FAL_KEY": "from:variable", "FAL_KEY_ID": "from", "FAL_KEY_SECRET": "pair"}
    seen = []
    for missing in ("FAL_KEY", "FAL_KEY_SECRET", "FAL_KEY_ID"):
        seen.append(find(environ, tmp_path, lambda: "from:keychain"))
        environ.pop(missing)
    seen.append(find({}, tmp_path, nothing))
    (tmp_path / FILE).unlink()
    seen.append(find({}, tmp_path, nothing))
    assert seen == [
        Found("from:variable", "FAL_KEY"),
        Found("from:pair", "FAL_KEY_ID and FAL_KEY_SECRET"),
        Found("from:keychain", "keychain"),
        Found("from:file", str(tmp_path / FILE)),
        None,
    ]


def test_blank_sources_are_skipped_and_spaces_are_stripped(tmp_path: Path) -> None:
    environ = {"FAL_KEY": "  \n", "FAL_KEY_ID": " ", "FAL_KEY_SECRET": "x"}
    assert fal_key(environ, tmp_path, lambda: "  ") is None
    assert fal_key({"FAL_KEY": f" {KEY}\r\n"}, tmp_path, nothing) == KEY


@pytest.mark.parametrize("bad", ["abc\ndef:ghijkl", "abc def", "schlüssel:geheim", "a\x00b", "abc\x7fdef"])
def test_an_invalid_key_is_refused_and_not_shown(tmp_path: Path, bad: str) -> None:
    for ask in (lambda: fal_key({"FAL_KEY": bad}, tmp_path, nothing), lambda: set_key(tmp_path, bad)):
        with pytest.raises(KeyInvalid) as caught:
            ask()
        assert bad[:3] not in caught.value.text.replace("that", "")
    assert not (tmp_path / FILE).exists()


def test_an_empty_key_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(KeyInvalid):
        set_key(tmp_path, " \n")


@pytest.mark.only_on("posix", because="permissions are POSIX's")
def test_only_the_owner_can_read_the_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    before = os.umask(0)
    try:
        path = set_key(tmp_path, KEY)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        path.chmod(0o644)
        assert fal_key({}, tmp_path, nothing) == KEY
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert "other users could read" in caplog.text
        path.chmod(0o644)
        set_key(tmp_path, "another:key")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    finally:
        os.umask(before)
    assert [entry.name for entry in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ("FAL_KEY=ab:cd\n", "ab:cd"),
        ("\n# mine\n  ab:cd  \nother", "ab:cd"),
        ("", None),
        ("\n\n", None),
        ("FAL_KEY=\n", None),
    ],
)
def test_files_written_by_hand(tmp_path: Path, content: str, key: str | None) -> None:
    (tmp_path / FILE).write_text(content)
    assert fal_key({}, tmp_path, nothing) == key


def test_an_unreadable_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    with pytest.raises(HomeError, match="credentials"):
        fal_key({}, tmp_path, nothing)


def test_the_keychain_is_optional(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert from_keychain() is None


@pytest.mark.parametrize("answer", ["key", "nothing", "locked"])
def test_the_key_is_read_from_the_keychain(answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    errors = types.ModuleType("keyring.errors")
    errors.KeyringError = type("KeyringError", (Exception,), {})  # type: ignore[attr-defined]
    keyring = types.ModuleType("keyring")

    def get_password(service: str, user: str) -> str | None:
        assert (service, user) == ("ace-bridge", "fal")
        if answer == "locked":
            raise errors.KeyringError("locked")
        return KEY if answer == "key" else None

    keyring.get_password = get_password  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)
    assert from_keychain() == (KEY if answer == "key" else None)


def test_a_key_is_shown_only_in_part_and_hidden_from_the_log(tmp_path: Path) -> None:
    found = find({"FAL_KEY": KEY}, tmp_path, nothing)
    assert found is not None
    assert mask(KEY) == "0b7c…"
    assert mask("short:key") == "…"
    for shown in (repr(found), str(found), f"{found}", mask(KEY)):
        assert KEY[4:] not in shown
        assert "fedcba" not in shown
    assert SCRUBBER.clean(f"sent {KEY}") == "sent [hidden]"


def test_the_key_in_the_keychain_can_be_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {("ace-bridge", "fal"): "id:secret", ("other", "fal"): "x"}
    keyring = types.ModuleType("keyring")
    vars(keyring).update(
        get_password=lambda *entry: kept.get(entry),
        delete_password=lambda *entry: kept.pop(entry),
    )
    errors = types.ModuleType("keyring.errors")
    vars(errors)["KeyringError"] = type("KeyringError", (Exception,), {})
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)
    assert forget_keychain() is True
    assert kept == {("other", "fal"): "x"}
    assert forget_keychain() is False
    kept["ace-bridge", "fal"] = "id:secret"
    vars(keyring)["delete_password"] = raising(vars(errors)["KeyringError"])
    with pytest.raises(HomeError, match="keychain"):
        forget_keychain()


def raising(error: type[Exception]) -> Callable[..., None]:
    def refuse(*_: str) -> None:
        raise error

    return refuse
