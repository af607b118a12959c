"""Tests what the doctor reports about the connection to fal."""

from __future__ import annotations

import socket
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from bridge.doctor.examine import examine
from tests.doctor.examining import KEY, context_of, found


class Fal:
    """A server that records all requests and always sends the same reply."""

    def __init__(self, status: int, body: str = "", **headers: str) -> None:
        asked: list[tuple[str, str, str]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append((self.command, self.path, self.headers.get("Authorization", "")))
                self.send_response_only(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                return

        self.asked = asked
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Fal:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"


class TestOnline:
    @pytest.mark.parametrize(("status", "level"), [(404, "well"), (422, "well"), (401, "trouble"), (503, "trouble")])
    def test_fal_is_asked_once_and_nothing_is_submitted(self, home: Path, status: int, level: str) -> None:
        with Fal(status) as fal:
            settings = {"ACE_BRIDGE_FAL_QUEUE_URL": fal.url}
            assert found(context_of(home, settings=settings, online=True), "fal").level == level
        ((method, path, authorization),) = fal.asked
        assert method == "GET"
        assert path.endswith("/status")
        assert authorization == f"Key {KEY}"

    @pytest.mark.parametrize(
        ("status", "body", "text"),
        [
            (403, '{"detail": "User is locked. Reason: Admin lock."}', "Reason: Admin lock."),
            (403, "", "denies access"),
            (401, '{"detail": "invalid"}', "rejects the key"),
            (200, "<html>Please log in</html>", "web page"),
            (200, "<!DOCTYPE html><p>Please log in", "web page"),
            (404, "<html>Please log in</html>", "web page"),
            (302, "", "redirect"),
        ],
    )
    def test_only_a_401_is_about_the_key(self, home: Path, status: int, body: str, text: str) -> None:
        with Fal(status, body) as fal:
            finding = found(context_of(home, settings={"ACE_BRIDGE_FAL_QUEUE_URL": fal.url}, online=True), "fal")
        assert finding.level == "trouble"
        assert text in finding.text

    def test_a_redirect_does_not_get_the_key(self, home: Path) -> None:
        with Fal(404) as elsewhere, Fal(302, Location=elsewhere.url) as fal:
            examine(context_of(home, settings={"ACE_BRIDGE_FAL_QUEUE_URL": fal.url}, online=True))
        assert len(fal.asked) == 1
        assert elsewhere.asked == []

    def test_a_wrong_clock_is_reported(self, home: Path) -> None:
        with Fal(404, Date="Tue, 14 Nov 2023 22:13:20 GMT") as fal:
            context = context_of(home, settings={"ACE_BRIDGE_FAL_QUEUE_URL": fal.url}, online=True)
            finding = found(replace(context, clock=lambda: 1_700_000_000.0 + 3600), "clock.online")
        assert "3600 s fast" in finding.text

    def test_fal_without_a_network(self, home: Path) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            settings = {"ACE_BRIDGE_FAL_QUEUE_URL": f"http://127.0.0.1:{unused.getsockname()[1]}"}
            assert "cannot be reached" in found(context_of(home, settings=settings, online=True), "fal").text

    def test_the_key_is_not_sent_without_encryption(self, home: Path) -> None:
        settings = {"ACE_BRIDGE_FAL_QUEUE_URL": "http://queue.example.org"}
        assert "not sent" in found(context_of(home, settings=settings, online=True), "fal").text

    def test_fal_is_not_asked_without_the_option(self, home: Path) -> None:
        with Fal(404) as fal:
            examine(context_of(home, settings={"ACE_BRIDGE_FAL_QUEUE_URL": fal.url}))
        assert fal.asked == []
