"""Tests the double-click installers with a local server in place of uv's download page, and a fake uv.

`ace-bridge.command` really runs here, on Linux. `ace-bridge.ps1` needs PowerShell, so only its text is compared.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import signal
import socket
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.waiting import PATIENCE, until

ROOT = Path(__file__).resolve().parent.parent.parent
COMMAND, POWERSHELL, CMD = (ROOT / "install" / f"ace-bridge.{suffix}" for suffix in ("command", "ps1", "cmd"))
VERSION = "0.12.5"
FAKE_UV = """\
#!/bin/sh
if [ "$1" = --version ]; then echo "uv 0.12.5 (a fake)"; exit; fi
{ env | grep ^UV_ | sort; printf '%s\\n' "$@" "in $PWD"; } >"$CALLS"
echo "output of uv" >&2
[ -z "$UV_WAITS" ] || { echo $$ >"$CALLS.pid"; exec sleep 600; }
[ -z "$UV_FAILS" ] || { echo "$UV_FAILS" >&2; exit 2; }
mkdir -p "$UV_TOOL_BIN_DIR" "$UV_CACHE_DIR"
printf '#!/bin/sh\\necho "setup: $*"; exit ${SETUP_STATUS-0}\\n' >"$UV_TOOL_BIN_DIR/ace-bridge"
chmod +x "$UV_TOOL_BIN_DIR/ace-bridge"
"""


DF = "#!/bin/sh\necho Filesystem blocks used available\necho disk 9 9 {kilobytes} 1% /\n"


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


class Quiet(SimpleHTTPRequestHandler):
    """A file server without a log."""

    def log_message(self, *_: object) -> None:
        pass


class User:
    """A user who double-clicks the installer in a folder with a space and a letter ü."""

    def __init__(self, folder: Path) -> None:
        self.project = folder / "my müsic" / "ace bridge"
        self.home = folder / "home"
        self.home.mkdir()
        self.app = self.home / ".local" / "share" / "ace-bridge-app"
        self.calls = folder / "calls"
        self.environ = {
            "HOME": str(self.home),
            "PATH": os.environ["PATH"],
            "CALLS": str(self.calls),
            "LANG": "C.UTF-8",
            "no_proxy": "*",
        }
        self.tools = folder / "tools"
        self.tools.mkdir()
        self.has_free(10**9)
        self.environ["PATH"] = f"{self.tools}{os.pathsep}{os.environ['PATH']}"
        shutil.copytree(ROOT / "install", self.project / "install")
        (self.project / "requirements.lock").touch()
        self._server = folder / "server"
        self._serve()

    def has_free(self, kilobytes: int) -> None:
        """Set the free space of the disk, which is not that of the machine on which the test runs."""
        (self.tools / "df").write_text(DF.format(kilobytes=kilobytes))
        (self.tools / "df").chmod(0o755)

    def _serve(self) -> None:
        """Offer an archive that has uv's layout."""
        machine = os.uname().machine
        name = f"uv-{machine}-unknown-linux-gnu"
        self.archive = self._server / VERSION / f"{name}.tar.gz"
        self.archive.parent.mkdir(parents=True)
        with tarfile.open(self.archive, "w:gz") as archive:
            program = tarfile.TarInfo(f"{name}/uv")
            program.mode, program.size = 0o755, len(FAKE_UV)
            archive.addfile(program, io.BytesIO(FAKE_UV.encode()))
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(self._server)))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.environ["ACE_BRIDGE_UV_DOWNLOADS"] = f"http://127.0.0.1:{self.server.server_port}"
        self.environ["ACE_BRIDGE_UV_CHECKSUM"] = hashlib.sha256(self.archive.read_bytes()).hexdigest()

    def runs(self, answers: str = "y\n\n", status: int = 0, **environ: str) -> str:
        """Run the installer with these answers, check its exit status, and return what it prints."""
        done = subprocess.run(
            ["sh", str(self.project / "install" / COMMAND.name)],
            input=answers,
            capture_output=True,
            text=True,
            env=self.environ | environ,
            cwd="/",
            timeout=PATIENCE,
        )
        assert done.returncode == status, done.stdout + done.stderr
        assert done.stdout.rstrip().endswith("Press Return to close this window.")
        return done.stdout

    def log(self) -> str:
        return (self.app / "install.log").read_text()

    def files(self) -> set[str]:
        return {path.relative_to(self.home).as_posix() for path in self.home.rglob("*") if path.is_file()}


@pytest.fixture
def user(tmp_path: Path) -> Iterator[User]:
    found = User(tmp_path)
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.mark.needs("installers")
@pytest.mark.skipif(os.name != "posix", reason="a POSIX shell")
class TestCommand:
    def test_it_installs_into_one_folder_and_starts_the_setup(self, user: User) -> None:
        said = user.runs()
        assert said.index("Downloads uv") < said.index("Continue? [y/N]") < said.index("Downloading uv")
        assert "setup: setup\n" in said
        environ, words = user.calls.read_text().split("tool\n")
        app = str(user.app)
        assert set(environ.splitlines()) >= {
            f"UV_CACHE_DIR={app}/cache",
            f"UV_PYTHON_INSTALL_DIR={app}/python",
            f"UV_TOOL_BIN_DIR={app}/bin",
            f"UV_TOOL_DIR={app}/tools",
            "UV_PYTHON_PREFERENCE=only-managed",
        }
        assert words.splitlines()[-4:] == ["--constraints", "requirements.lock", ".[midi]", f"in {user.project}"]
        assert {name.rpartition("ace-bridge-app/")[2] for name in user.files()} == {
            "uv/uv",
            "bin/ace-bridge",
            "install.log",
        }
        assert "output of uv" in user.log()

    def test_the_status_of_the_setup_is_returned(self, user: User) -> None:
        user.runs(status=3, SETUP_STATUS="3")

    @pytest.mark.parametrize("answers", ["n\n\n", "\n\n", ""])
    def test_nothing_changes_without_consent(self, user: User, answers: str) -> None:
        assert "Nothing was changed." in user.runs(answers)
        assert user.files() == set()

    def test_a_second_run_updates_without_a_second_download(self, user: User) -> None:
        user.runs()
        user.archive.unlink()
        said = user.runs()
        assert "Downloading" not in said
        assert "setup: setup\n" in said

    def test_another_version_of_uv_is_replaced(self, user: User) -> None:
        user.runs()
        uv = user.app / "uv" / "uv"
        uv.write_text("#!/bin/sh\necho uv 0.1.0\n")
        assert "Downloading uv" in user.runs()
        assert uv.read_text() == FAKE_UV

    def test_a_changed_download_is_deleted_and_never_run(self, user: User) -> None:
        said = user.runs(status=1, ACE_BRIDGE_UV_CHECKSUM="0" * 64)
        assert "is not uv 0.12.5 (wrong checksum), so it was deleted." in said
        assert not user.calls.exists()
        assert {Path(name).name for name in user.files()} == {"install.log"}

    @pytest.mark.parametrize(
        ("environ", "sentence"),
        [
            (
                {"ACE_BRIDGE_UV_DOWNLOADS": "http://127.0.0.1:{closed}"},
                "There is no connection to the internet",
            ),
            ({"ACE_BRIDGE_UV_DOWNLOADS": "https://127.0.0.1:{open}"}, "The connection is not secure"),
            ({"http_proxy": "http://no-such-proxy.invalid:1", "no_proxy": ""}, "The proxy could not be reached."),
            ({"ACE_BRIDGE_UV_DOWNLOADS": "http://127.0.0.1:{open}/missing"}, "The server refused the download of uv"),
            (
                {"UV_FAILS": "error: No space left on device (os error 28)"},
                "The disk is full. Free 700 MB",
            ),
            (
                {"UV_FAILS": "error: dns error: failed to lookup"},
                "The connection to the internet was lost",
            ),
            ({"UV_FAILS": "error: something else"}, "ace-bridge could not be installed."),
            ({"XDG_DATA_HOME": "/proc/none"}, "The folder /proc/none/ace-bridge-app cannot be written."),
        ],
    )
    def test_each_problem_gets_one_sentence(self, user: User, environ: dict[str, str], sentence: str) -> None:
        with socket.socket() as closed:  # no other program gets this port, and nothing listens on it
            closed.bind(("127.0.0.1", 0))
            ports = {"closed": closed.getsockname()[1], "open": user.server.server_port}
            said = user.runs(status=1, **{name: value.format(**ports) for name, value in environ.items()})
        assert sentence in said
        assert "Nothing else was changed. You can run this file again at any time." in said

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_ctrl_c_or_a_closed_window_ends_the_installation(self, user: User, number: int) -> None:
        """Also uv, which a shell starts in such a way that Ctrl-C does not reach it."""
        pid = Path(f"{user.calls}.pid")
        script = user.project / "install" / COMMAND.name
        environ = user.environ | {"UV_WAITS": "1"}
        with subprocess.Popen(["sh", str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ) as shell:
            assert shell.stdin is not None
            shell.stdin.write(b"y\n")
            shell.stdin.flush()
            until(lambda: pid.exists() and pid.read_text().strip() != "", "uv")
            shell.send_signal(number)
            shell.communicate(timeout=PATIENCE)
        assert shell.returncode == 130
        until(lambda: not is_alive(int(pid.read_text())), "the end of uv")
        assert "setup: setup\n" in user.runs()

    def test_where_it_installs_with_unusual_variables(self, user: User) -> None:
        assert "HOME is not set. Nothing was changed." in user.runs(status=1, HOME="")
        assert user.files() == set()
        user.runs(XDG_DATA_HOME="relative")
        assert (user.app / "uv" / "uv").is_file()

    def test_it_finds_its_folder_whatever_cdpath_is(self, user: User) -> None:
        elsewhere = user.home.parent / "elsewhere"
        (elsewhere / "install").mkdir(parents=True)
        done = subprocess.run(
            ["sh", f"install/{COMMAND.name}"],
            input="y\n\n",
            capture_output=True,
            text=True,
            env=user.environ | {"CDPATH": str(elsewhere)},
            cwd=user.project,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert user.calls.read_text().splitlines()[-1] == f"in {user.project}"

    def test_a_full_disk_is_noticed_before_the_download(self, user: User) -> None:
        user.has_free(102400)
        said = user.runs(status=1)
        assert "The disk is full: 100 MB are free, and the installation needs 700 MB." in said
        assert "Downloading" not in said


@pytest.mark.needs("installers")
def test_the_script_is_portable() -> None:
    scripts = [str(ROOT / "scripts" / name) for name in ("_python", "check", "demo", "lock", "test")]
    done = subprocess.run(["shellcheck", str(COMMAND), *scripts], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_both_installers_pin_the_same_uv_by_checksums() -> None:
    command, powershell = COMMAND.read_text(), POWERSHELL.read_text("ascii")
    assert re.findall(r"^version=([\d.]+)", command, re.MULTILINE) == [VERSION]
    assert re.findall(r"^\$Version = '([\d.]+)'", powershell, re.MULTILINE) == [VERSION]
    sums = [re.findall(r"\b[0-9a-f]{64}\b", text) for text in (command, powershell)]
    assert [len(found) for found in sums] == [4, 2]
    assert len({*sums[0], *sums[1]}) == 6
    said = [re.findall(r"  [123]\. ([^'\"\\]+)", text) for text in (command, powershell)]
    assert (
        [line.split()[0] for line in said[0]]
        == [line.split()[0] for line in said[1]]
        == ["Downloads", "Puts", "Starts"]
    )


def test_cmd_gets_the_line_ends_that_it_needs() -> None:
    content = CMD.read_bytes()
    assert content.count(b"\n") == content.count(b"\r\n") > 10
    labels = set(re.findall(rb"^:(\w+)\r$", content, re.MULTILINE))
    assert set(re.findall(rb"goto :(\w+)", content)) == labels
    assert b"pause\r\nexit /b %status%\r\n" in content


def test_the_command_file_can_be_double_clicked() -> None:
    listed = subprocess.run(["git", "ls-files", "-s", "install"], capture_output=True, text=True, cwd=ROOT, check=True)
    modes = {line.split("\t")[1]: line[:6] for line in listed.stdout.splitlines()}
    assert modes["install/ace-bridge.command"] == "100755"
