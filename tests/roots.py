"""Debian systems of other releases, in folders ("roots"), for tests that need programs this system does not have.

    system = root("wine", "trixie", ["wine", "wine64"])
    system.run(["wine", "--version"], binds=[(folder, "/work")])

A root is made by debootstrap and kept in the user's cache folder. The packages come from the mirror that this system's
own apt uses. Programs run in a root as root, with a mount namespace and, unless told otherwise, a process namespace of
their own: when the first process of a run ends or is killed, the kernel kills the rest and removes the mounts. A root
is read-only for them, except for empty folders in memory (/tmp, /run, /root) and the folders of this system that the
caller passes.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import cache
from tests.progress import StepFailed, run, step

Binds = Sequence[tuple[Path, str]]  # folders or files of this system, and where a program in the root sees them

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8", "TERM": "dumb"}
INHERITED = ("PYTEST_XDIST_TESTRUNUID", "PYTEST_XDIST_WORKER")  # by these, tests/leftovers.py finds a run's processes

# Mounts what a program in the root needs, then starts it.
# Arguments: the root, "ro" or "rw", pairs of a path here and a path in the root, "--", and the command.
ENTER = r"""
set -eu
root=$1 mode=$2
shift 2
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --rbind /sys "$root/sys"
for folder in tmp run root mnt; do mount -t tmpfs -o mode=1777 tmpfs "$root/$folder"; done
while [ "$1" != -- ]; do
    if [ -d "$1" ]; then mkdir -p "$root$2"; else mkdir -p "$root${2%/*}" && touch "$root$2"; fi
    mount --rbind "$1" "$root$2"
    shift 2
done
shift
[ "$mode" = rw ] || mount -o remount,bind,ro "$root"
exec chroot "$root" "$@"
"""

CONFIGURATION = {  # makes the installation faster and smaller
    "etc/dpkg/dpkg.cfg.d/tests": "force-unsafe-io\n"
    + "".join(f"path-exclude=/usr/share/{one}/*\n" for one in ("man", "doc", "locale", "info")),
    "usr/sbin/policy-rc.d": "#!/bin/sh\nexit 101\n",  # starts no services
}


@dataclass(frozen=True)
class Root:
    """A Debian system in a folder."""

    folder: Path
    writable: bool = False  # True only while the root is made

    def command(
        self,
        words: Sequence[str | Path],
        *,
        cwd: str = "/",
        env: Mapping[str, str] | None = None,
        binds: Binds = (),
        own_processes: bool = True,
    ) -> list[str]:
        """Return the command that runs a program in the root, for example for `subprocess.Popen`.

        To end the program and everything it has started, kill this command (SIGKILL). It ignores SIGTERM. Without
        `own_processes`, the command is the program's own process, as without a root.

        Args:
            words: the program and its arguments.
            cwd: working folder in the root.
            env: variables to set beside PATH, HOME, LANG and TERM. The program inherits no others from this process.
            binds: paths of this system and where to mount them. Outside /mnt, /tmp, /run and /root, the empty folder or
                file at which something is mounted remains in the root.
            own_processes: give the program a process namespace, so that its processes end with it. Otherwise it sees
                the processes of this system, and what it starts may outlive it.
        """
        variables = ENVIRONMENT | {name: os.environ[name] for name in INHERITED if name in os.environ} | dict(env or {})
        mounts = [str(one) for here, there in binds for one in (Path(here).resolve(), there)]
        separate = ["--pid", "--fork", "--kill-child"] if own_processes else []
        enter = ["unshare", "--mount", *separate, "sh", "-c", ENTER, "enter"]
        start = ["/usr/bin/env", "-i", f"--chdir={cwd}", *(f"{name}={value}" for name, value in variables.items())]
        mode = "rw" if self.writable else "ro"
        return [*enter, str(self.folder), mode, *mounts, "--", *start, *map(str, words)]

    def run(
        self,
        words: Sequence[str | Path],
        *,
        cwd: str = "/",
        env: Mapping[str, str] | None = None,
        binds: Binds = (),
        **options: Any,
    ) -> subprocess.CompletedProcess[Any]:
        """Run a program in the root, as `subprocess.run` does. Its stdin is empty, unless `options` says otherwise."""
        options.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.run(self.command(words, cwd=cwd, env=env, binds=binds), check=False, **options)


def root(name: str, suite: str, packages: Sequence[str], *, steps: Sequence[Sequence[str]] = ()) -> Root:
    """Return a root, and make it first if the cache has none.

    Args:
        name: name of the root, used for its folder and in messages.
        suite: release of Debian, such as “trixie”.
        packages: packages to install, without those that they only recommend.
        steps: commands to run in the root after that, while it is still writable.

    Raises:
        StepFailed: this system cannot make or use a root, or a step has failed. The text says why.
    """
    _check_system()
    version = cache.key(suite, sorted(packages), steps, CONFIGURATION)
    return Root(cache.cached(name, version, lambda folder: _make(folder, suite, packages, steps)))


def _check_system() -> None:
    if os.geteuid() != 0:
        raise StepFailed("Running programs of another Debian release needs root. Run this with sudo or in a container.")
    lacking = [program for program in ("debootstrap", "unshare", "mount", "chroot") if shutil.which(program) is None]
    if lacking:
        raise StepFailed(
            f"Not found here: {', '.join(lacking)}. Install the packages debootstrap, mount and util-linux."
        )


def _make(folder: Path, suite: str, packages: Sequence[str], steps: Sequence[Sequence[str]]) -> None:
    archives = cache.folder() / "packages" / suite
    archives.mkdir(parents=True, exist_ok=True)
    log = folder.with_suffix(".log")
    log.unlink(missing_ok=True)
    hide = without_addresses

    with step(f"Making a root of Debian {suite}"):
        words = ["debootstrap", "--variant=minbase", f"--cache-dir={archives}", "--include=ca-certificates"]
        run([*words, suite, folder, mirror()], log, tries=3, hide=hide)
    for path, text in CONFIGURATION.items():
        (folder / path).write_text(text)
        (folder / path).chmod(0o755)
    acquire = subprocess.run(["apt-config", "dump", "Acquire"], capture_output=True, text=True, check=True).stdout
    (folder / "etc/apt/apt.conf.d/99tests").write_text(acquire + 'APT::Keep-Downloaded-Packages "true";\n')
    made = Root(folder, writable=True)
    install = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *packages]
    with step(f"Installing {', '.join(packages)}"):
        for words in (["apt-get", "update", "--quiet"], install):
            env = {"DEBIAN_FRONTEND": "noninteractive"}
            run(made.command(words, env=env, binds=[(archives, "/var/cache/apt/archives")]), log, tries=3, hide=hide)
    for words in map(list, steps):
        with step(f"Running {' '.join(words)}"[:100]):
            run(made.command(words), log, hide=hide)
    log.unlink()


def mirror(apt: Path = Path("/etc/apt")) -> str:
    """Return the address of the Debian mirror in apt's sources, which have two formats."""
    for path in (apt / "sources.list", *sorted(apt.glob("sources.list.d/*.list"))):
        for line in path.read_text().splitlines() if path.is_file() else ():
            if (found := re.match(r"deb\s+(?:\[[^]]*\]\s+)?(\w+://\S+)\s+(\S+)", line)) and _is_main(*found.groups()):
                return found[1]
    for path in sorted(apt.glob("sources.list.d/*.sources")):
        for stanza in re.split(r"\n\s*\n", path.read_text()):
            fields = dict(re.findall(r"^([\w-]+):[ \t]*(.*)$", stanza, re.MULTILINE))
            uris, suites = fields.get("URIs", "").split(), fields.get("Suites", "")
            if "deb" in fields.get("Types", "").split() and uris and _is_main(uris[0], suites):
                return str(uris[0])
    raise StepFailed("The apt sources of this system name no Debian mirror.")


def without_addresses(text: str) -> str:
    """Remove the addresses of mirrors from the output of a command."""
    return re.sub(r"\w+://\S+", "(mirror)", text)


def _is_main(address: str, suites: str) -> bool:
    return "security" not in address and "-security" not in suites
