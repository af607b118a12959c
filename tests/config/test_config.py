"""Tests the settings from default.toml, config.toml and the environment, and the errors for invalid settings."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec
import pytest

from bridge.config.load import DEFAULTS, load
from bridge.config.settings import KEYS, SECTIONS, Config
from bridge.errors import ConfigInvalid
from bridge.util.validation import describe

SHIPPED: dict[str, dict[str, Any]] = tomllib.loads(DEFAULTS.read_text(encoding="utf-8"))
EVERY_KEY = [(section, key) for section, keys in KEYS.items() for key in keys]


def written(home: Path, text: str | bytes) -> Path:
    (home / "config.toml").write_bytes(text.encode() if isinstance(text, str) else text)
    return home


def refusal(home: Path, text: str | bytes = "", environ: dict[str, str] | None = None) -> str:
    """Load invalid settings and return the text of the error."""
    with pytest.raises(ConfigInvalid) as caught:
        load(written(home, text), environ or {})
    return caught.value.text


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_settings_may_be_saved_by_notepad(tmp_path: Path, encoding: str) -> None:
    text = "# Größe\r\n[osc]\r\nport = 9001.0\r\n[scheduler]\r\nslots = 3.0\r\n"
    config = load(written(tmp_path, text.encode(encoding)), {"ACE_BRIDGE_HTTP_PORT": "9002.0"})
    ports = (config.osc.port, config.scheduler.slots, config.http.port)
    assert ports == (9001, 3, 9002)
    assert {type(port) for port in ports} == {int}


def test_every_documented_key_is_loaded_and_every_key_is_documented(tmp_path: Path) -> None:
    config = load(tmp_path, {})
    assert {section: list(keys) for section, keys in SHIPPED.items()} == {s: list(k) for s, k in KEYS.items()}
    assert config.effective() == SHIPPED
    assert set(config.origins) == {f"{section}.{key}" for section, key in EVERY_KEY}
    assert set(config.origins.values()) == {"default"}


@pytest.mark.parametrize(("section", "key"), EVERY_KEY)
def test_every_setting_has_a_comment_and_a_valid_default(tmp_path: Path, section: str, key: str) -> None:
    value = getattr(getattr(load(tmp_path, {}), section), key)
    kind = KEYS[section][key]
    assert msgspec.convert(value, type=kind) == value
    assert isinstance(value, bool) == (kind is bool)
    line = next(line for line in DEFAULTS.read_text("utf-8").splitlines() if re.match(rf"{key}\s*=", line))
    assert "#" in line or key in ("endpoint", "queue_url", "rest_url")


@pytest.mark.parametrize(("section", "key"), EVERY_KEY)
@pytest.mark.parametrize("wrong", ["[[1]]", "{ a = 1 }", "1979-05-27", '""', "nan", "-99999999999"])
def test_every_settings_type_is_checked(tmp_path: Path, section: str, key: str, wrong: str) -> None:
    text = refusal(tmp_path, f"# mine\n[{section}]\n{key} = {wrong}\n")
    kind, name = KEYS[section][key], f"[{section}] {key}"
    if wrong == "[[1]]" and get_origin(get_args(kind)[:1] and get_args(kind)[0]) is tuple:  # the first item is wrong
        kind, name = get_args(get_args(kind)[0])[0], f"{name}[0]"
    assert text.startswith(f"{tmp_path / 'config.toml'}, line 3: {name} is ")
    assert text.endswith(f"; it takes {describe(kind)}.")


@pytest.mark.parametrize(
    ("section", "key"), [pair for pair in EVERY_KEY if SHIPPED[pair[0]][pair[1]] not in (True, False)]
)
def test_true_is_not_accepted_as_another_type(tmp_path: Path, section: str, key: str) -> None:
    assert f"[{section}] {key} is true" in refusal(tmp_path, f"[{section}]\n{key} = true\n")


def test_the_file_overrides_defaults_and_the_environment_overrides_the_file(tmp_path: Path) -> None:
    written(tmp_path, '[osc]\nport = 9000\nhost = "::1"\n[fal]\nqueue_url = "http://127.0.0.1:8000/"\n')
    config = load(
        tmp_path, {"ACE_BRIDGE_OSC_PORT": " 0 ", "ACE_BRIDGE_HOME": "/x", "ACE_BRIDGE_COLOUR": "1", "PATH": ""}
    )
    assert (config.osc.port, config.osc.host, config.osc.max_packet) == (0, "::1", 8192)
    assert config.fal.queue_url == "http://127.0.0.1:8000"
    assert config.origins["osc.port"] == "ACE_BRIDGE_OSC_PORT"
    assert config.origins["osc.host"] == "config.toml"
    assert config.home == tmp_path


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("FAL_RESULT_HOSTS", "127.0.0.1, *.example.org,", ("127.0.0.1", "*.example.org")),
        ("FAL_STATUS_STREAM", "false", False),
        ("FAL_STATUS_STREAM", "0", False),
        ("PRIVACY_UPLOAD_EARLY", "True", True),
        ("PRIVACY_UPLOAD_EARLY", "1", True),
        ("FAL_POLL_FIRST", "0.02", 0.02),
        ("FIT_LOUDNESS", "off", "off"),
        ("FIT_LOUDNESS", "-14", -14.0),
        ("WORKERS_COUNT", "1", 1),
        ("ENGINE_DEFAULT", "offline", "offline"),
    ],
)
def test_values_from_environment_variables(tmp_path: Path, name: str, text: str, value: Any) -> None:
    config = load(tmp_path, {f"ACE_BRIDGE_{name}": text})
    section, key = name.lower().split("_", 1)
    assert getattr(getattr(config, section), key) == value


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("OSC_PORT", "nine", "a whole number from 0 to 65535"),
        ("OSC_PORT", "65536", "a whole number"),
        ("OSC_PORT", "", "a whole number"),
        ("PRIVACY_UPLOAD_EARLY", "perhaps", "true or false"),
        ("FAL_RESULT_HOSTS", ",", "a list of host names"),
        ("FAL_RESULT_HOSTS", "https://example.org", "a host name"),
        ("BUDGET_DAILY_CAP", "nan", "a number"),
        ("FAL_QUEUE_URL", "file:///etc", "an http or https address"),
        ("FIT_LOUDNESS", "loud", '"source", "off" or a number'),
    ],
)
def test_the_error_names_the_invalid_variable(tmp_path: Path, name: str, text: str, told: str) -> None:
    found = refusal(tmp_path, environ={f"ACE_BRIDGE_{name}": text})
    assert found.startswith(f"ACE_BRIDGE_{name}: ")
    assert told in found


@pytest.mark.parametrize(
    "endpoint",
    [
        "fal-ai/ace-step",  # text to audio
        "fal-ai/ace-step/prompt-to-audio",
        "fal-ai/ace-step/audio-inpaint",
        "fal-ai/ace-step/audio-outpaint",
        "fal-ai/stable-audio-25/audio-to-audio",  # other inputs
        "fal-ai/lyria2",
        "someone/ace-step/text-to-audio",
        "someone/ace-step/lyrics-to-audio",
        "someone/ace-step/audio-inpaint",
    ],
)
def test_an_endpoint_for_another_task_is_refused_before_anything_is_paid(tmp_path: Path, endpoint: str) -> None:
    found = refusal(tmp_path, f'[fal]\nendpoint = "{endpoint}"')
    assert f'line 2: [fal] endpoint is "{endpoint}"; it takes the ID of an ACE-Step audio-to-audio model' in found


@pytest.mark.parametrize(
    "endpoint",
    [
        "fal-ai/ace-step/audio-to-audio",
        "fal-ai/ace-step-1.5/audio-to-audio",
        "someone/app",
        "someone/app/audio-to-audio",
        "workflows/someone/app",
        "someone/up-to-date/app",
    ],
)
def test_audio_to_audio_and_unknown_endpoints_are_accepted(tmp_path: Path, endpoint: str) -> None:
    assert load(written(tmp_path, f'[fal]\nendpoint = "{endpoint}"\n'), {}).fal.endpoint == endpoint


@pytest.mark.parametrize(
    ("value", "loaded"), [('"source"', "source"), ('"off"', "off"), ("-14", -14.0), ("-9.5", -9.5), ('"-14"', -14.0)]
)
def test_loudness_is_a_word_or_a_level(tmp_path: Path, value: str, loaded: Any) -> None:
    assert load(written(tmp_path, f"[fit]\nloudness = {value}\n"), {}).fit.loudness == loaded


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("[osc]\nprot = 1", 2, "there is no “prot” in [osc]. Did you mean “port”?"),
        ("\n\n[osk]\nport = 1", 3, "there is no section [osk]. Did you mean “osc”?"),
        ("port = 1", 1, "there is no section [port]. It belongs in [osc]."),
        ("[osc]\n\nslots = 1", 3, "there is no “slots” in [osc]. It belongs in [scheduler]."),
        ("osc = 3", 1, "[osc] is a section and needs a line of its own."),
        ("osc.prt = 3", 1, "there is no “prt” in [osc]. Did you mean “port”?"),
        ("[osc]\nport = 1\nport = 2", 3, "it is not valid TOML (cannot overwrite a value)."),
        ("[osc]\nport = ", 2, "it is not valid TOML (invalid value)."),
        ("[engine]\ndefault = 3", 2, '[engine] default is 3; it takes "auto" or the name of an engine.'),
        (b"[osc]\n\nhost = '\xff'", 3, "it is not UTF-8 text."),
    ],
)
def test_errors_name_file_line_and_the_nearest_key(tmp_path: Path, text: str | bytes, line: int, told: str) -> None:
    assert refusal(tmp_path, text) == f"{tmp_path / 'config.toml'}, line {line}: {told}"


def test_the_error_names_the_unknown_variable(tmp_path: Path) -> None:
    found = refusal(tmp_path, environ={"ACE_BRIDGE_FAL_QUEUE": "http://127.0.0.1"})
    assert "ACE_BRIDGE_FAL_QUEUE is not a setting" in found
    assert "“queue_url”" in found


@pytest.mark.parametrize("environ", [{}, {"ACE_BRIDGE_FAL_KEY": "abc:very-secret"}], ids=["file", "environment"])
def test_a_key_in_the_settings_is_refused_and_not_repeated(tmp_path: Path, environ: dict[str, str]) -> None:
    found = refusal(tmp_path, "" if environ else '[fal]\nkey = "abc:very-secret"', environ)
    assert "set-key" in found
    assert "secret" not in found


def test_a_hostile_file_gives_a_short_error(tmp_path: Path) -> None:
    assert "nested" in refusal(tmp_path, "a = " + "[" * 100_000)
    assert "bytes" in refusal(tmp_path, "#" * 300_000)
    (tmp_path / "config.toml").unlink()
    (tmp_path / "config.toml").mkdir()
    with pytest.raises(ConfigInvalid, match="not a file"):
        load(tmp_path, {})


def test_a_byte_order_mark_and_dos_line_endings_are_accepted(tmp_path: Path) -> None:
    assert load(written(tmp_path, b"\xef\xbb\xbf[osc]\r\nport = 0\r\n"), {}).osc.port == 0


def test_passwords_in_urls_are_not_shown(tmp_path: Path) -> None:
    config = load(tmp_path, {"ACE_BRIDGE_FAL_QUEUE_URL": "https://me:hush@proxy.example.org/fal"})
    assert config.fal.queue_url == "https://me:hush@proxy.example.org/fal"
    assert config.effective()["fal"]["queue_url"] == "https://…@proxy.example.org/fal"


def test_settings_are_frozen(tmp_path: Path) -> None:
    config: Any = load(tmp_path, {})
    for part, key in [(config, "osc"), (config.osc, "port")]:
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(part, key, 1)
    assert dataclasses.is_dataclass(Config)
    assert set(SECTIONS) == {item.name for item in dataclasses.fields(Config)} - {"home", "origins"}


def test_import_is_light() -> None:
    heavy = ("numpy", "httpx", "asyncio", "tomllib", "socket")
    code = f"import sys, bridge.config.load; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
