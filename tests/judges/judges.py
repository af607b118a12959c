"""Runs the judges, which are fal's own Python and JavaScript clients, each in its own process with its own fake fal."""

from __future__ import annotations

import base64
import functools
import importlib.metadata
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.engines.fal_kit import KEY, clip_bytes
from tests.fakes.fal_queue import Timing
from tests.fakes.fal_server import FalServer, Seen
from tests.judges.tunnel import ConnectProxy, certificate

CLIP_NAME = "clip-0123abcd.flac"
_ROOT = Path(__file__).parents[2]
_JS = Path(__file__).parent / "js"
_TIMING = Timing(queue=0.3, run=0.3)
_SECONDS = 180  # time limit for a judge, s


@dataclass(frozen=True)
class Verdict:
    """The output of a judge, and the requests and files that the fake received from this judge."""

    version: str
    saw: dict[str, Any]
    requests: list[Seen]
    files: dict[str, bytes]  # URL → stored file


def python_verdict(folder: Path) -> Verdict:
    """Run fal's unpatched Python client, redirected to the fake by a proxy and a test certificate."""
    clip = folder / CLIP_NAME
    clip.write_bytes(clip_bytes())
    pem, context = certificate(folder)
    with FalServer(key=KEY, tls=context, timing=_TIMING) as fal, ConnectProxy(fal.port) as proxy:
        environ = _environ({"HTTPS_PROXY": proxy.url, "SSL_CERT_FILE": str(pem)})
        command = [sys.executable, "-m", "tests.judges.python_judge", str(clip), str(folder)]
        saw = _run(command, _ROOT, environ)
        assert all(host.endswith(":443") for host in proxy.asked)
        return Verdict(importlib.metadata.version("fal-client"), saw, fal.seen(), _files(fal))


def js_verdict() -> Verdict:
    """Run fal's unpatched JavaScript client, with a `fetch` function that connects to the fake."""
    version = _install_js()
    environ = _environ({"CLIP_NAME": CLIP_NAME, "CLIP_BASE64": base64.b64encode(clip_bytes(0.2)).decode()})
    with FalServer(key=KEY, timing=_TIMING) as fal:
        saw = _run(["node", "judge.mjs"], _JS, {**environ, "FAKE_URL": fal.url})
        return Verdict(version, saw, fal.seen(), _files(fal))


@functools.cache
def _install_js() -> str:
    """Install the pinned JavaScript client in a git-ignored folder next to judge.mjs, and return its version."""
    installed = _JS / "node_modules" / "@fal-ai" / "client" / "package.json"
    pinned = json.loads((_JS / "package.json").read_text())["dependencies"]["@fal-ai/client"]
    if not installed.exists() or json.loads(installed.read_text())["version"] != pinned:
        command = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"]
        done = subprocess.run(command, cwd=_JS, capture_output=True, text=True, timeout=_SECONDS, check=False)
        assert done.returncode == 0, done.stderr
    return str(json.loads(installed.read_text())["version"])


def _run(command: list[str], folder: Path, environ: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr
    saw: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return saw


def _environ(more: dict[str, str]) -> dict[str, str]:
    """Return the environment variables plus `more`, without the variables that would redirect the clients."""
    redirecting = ("FAL_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT")
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith(redirecting)}
    return {**kept, "FAL_KEY": KEY, **more}


def _files(fal: FalServer) -> dict[str, bytes]:
    return {file.url: file.body for file in fal.storage.files.values() if file.body is not None}
