"""What `python -m tests.windows` prepares: the packages for Windows, the functions Wine lacks, the list of faults."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.only_on("posix", because="Wine and its Python are prepared on Linux")

if sys.platform != "win32":
    from tests.progress import StepFailed
    from tests.windows import __main__ as command
    from tests.windows import python, requirements, shim, wine_faults


def test_packages_for_windows_have_hashes() -> None:
    names = {line.partition("==")[0] for line in requirements.lines()}
    assert {"numpy", "soundfile", "watchfiles", "pytest", "colorama", "rtmidi2"} <= names
    assert not {"jack-client", "mypy", "uvloop"} & names
    assert all("--hash=sha256:" in line and ";" not in line for line in requirements.lines())


def test_a_package_that_the_lock_lacks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, "locked", lambda: {"numpy": "numpy==2.0"})
    with pytest.raises(StepFailed, match=r"no entry for .*soundfile.* Run scripts/lock"):
        requirements.lines()


def test_a_lock_entry_for_another_system_is_left_out(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    lock.write_text(
        "# comment\nA-B==1 \\\n    --hash=sha256:11 \\\n    --hash=sha256:22\n"
        "c==2 ; sys_platform == 'linux' \\\n    --hash=sha256:33\n"
        "d==3 ; sys_platform == 'win32' and python_full_version < '3.12' \\\n    --hash=sha256:44\n"
    )
    assert requirements.locked(lock) == {
        "a-b": "A-B==1 --hash=sha256:11 --hash=sha256:22",
        "d": "d==3 --hash=sha256:44",
    }


def test_complex_functions_are_compiled_and_others_forwarded() -> None:
    assert shim._code("crealf") == ("float our_crealf(Float z) { return crealf(__builtin_complex(z.re, z.im)); }")
    assert shim._code("ctanhl").startswith("Double our_ctanhl(Double z) { double _Complex w = ctanh(")
    assert "cpowf(__builtin_complex(z.re, z.im), __builtin_complex(e.re, e.im))" in shim._code("cpowf")
    assert shim._export("cargl") == "  cargl = our_cargl"
    assert shim._export("ceil") == "  ceil = ucrtbase.ceil"
    assert len(shim.GIVEN) == len(shim.OURS)


def test_what_runs_exists() -> None:
    assert [path for path in command.SELECTION if not (command.ROOT / path).exists()] == []
    assert [path for path in (*command.TREE, *command.FILES) if not (command.ROOT / path).exists()] == []


def test_the_list_of_wine_faults_stays_short() -> None:
    assert len(wine_faults.FAULTS) <= wine_faults.MOST
    for fault in wine_faults.FAULTS:
        assert len(fault.program.strip().splitlines()) <= wine_faults.MOST, fault.name
        assert "bridge" not in fault.program, fault.name
        assert fault.tests, fault.name
        assert all((command.ROOT / test.partition("::")[0]).exists() for test in fault.tests), fault.name


def test_nothing_is_downloaded_without_consent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False)
    monkeypatch.setattr(python, "prepare", lambda: pytest.fail("downloaded"))
    assert command.main([]) == 1
    assert "python -m tests.windows --yes" in capsys.readouterr().err
