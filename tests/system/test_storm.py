"""Sends 50 messages at once, half of them twice, with faulty notifications and half-written files.

Some notifications are lost, cut short or duplicated. The bridge must make 50 jobs with 50 results, and submit nothing
twice.
"""

from __future__ import annotations

import json
import random
import socket
import threading
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
import soundfile

from tests.fakes.fal_server import FalServer
from tests.fakes.processes import KEY, fal_environment, outbox, running
from tests.fakes.studio import remix_args, write_tone
from tests.system.test_whole_path import cli
from tests.waiting import PATIENCE, until

MESSAGES = 50
TWICE = 25  # messages that are sent twice
HALVES = 5  # files whose writing is never finished
IN_PIECES = 5  # messages written directly under their final name, in two writes
SENDERS = 4


@dataclass(frozen=True)
class Post:
    """A file to write into the inbox, and the notifications to send after it."""

    name: str
    data: bytes
    pieces: bool = False
    rings: tuple[bytes, ...] = ()  # datagrams sent after the file is written


def plan(chance: random.Random, out: Path, tone: Path) -> list[Post]:
    """Return all files to write, in random order."""
    posts = []
    for number in range(MESSAGES):
        args = remix_args(tone, remix={"seed": 1000 + number}, project={"media_path": str(out)})
        name = f"storm-{number}"
        message = {"protocol": 1, "message_id": name, "command": "remix", "instance": "storm", "args": args}
        data = json.dumps(message).encode()
        posts.append(Post(name, data, number < IN_PIECES, rings(chance, name)))
        if number >= MESSAGES - TWICE:
            posts.append(Post(name, data, rings=rings(chance, name)))
    posts += [Post(f"half-{n}", posts[n].data[: 40 + 17 * n], rings=rings(chance, f"half-{n}")) for n in range(HALVES)]
    chance.shuffle(posts)
    return posts


def rings(chance: random.Random, name: str) -> tuple[bytes, ...]:
    """Return a message's notification as datagrams; one notification in five is dropped, cut or duplicated."""
    text = name.encode() + b"\0"
    bell = b"/bridge/inbox\0\0\0,s\0\0" + text + bytes(-len(text) % 4)
    if chance.random() >= 0.2:
        return (bell,)
    return chance.choice([(), (bell[: chance.randrange(1, len(bell))],), (bell, bell)])


def post_all(posts: list[Post], inbox: Path, port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        for number, post in enumerate(posts):
            final = inbox / f"{post.name}.json"
            if post.pieces:
                with final.open("wb", buffering=0) as file:
                    file.write(post.data[:100])
                    file.write(post.data[100:])
            else:
                aside = inbox / f".{post.name}.{number}.{threading.get_ident()}.tmp"
                aside.write_bytes(post.data)
                aside.replace(final)
            for bell in post.rings:
                channel.sendto(bell, ("127.0.0.1", port))


@pytest.mark.slow
def test_fifty_jobs_give_fifty_results(home: Path, tmp_path: Path) -> None:
    tone = write_tone(tmp_path / "tone.wav", 0.3)
    out = tmp_path / "out"
    out.mkdir()
    posts = plan(random.Random(20260), out, tone)
    rung = [post.rings for post in posts]
    assert all(
        any(one) for one in ([not r for r in rung], [len(r) == 2 for r in rung])
    )  # at least one notification was dropped and one duplicated
    with FalServer(zero_delay=True, key=KEY) as fal:
        environ = fal_environment(fal.url, ACE_BRIDGE_OUTBOX_KEEP_FINISHED="100")
        with running(home, **environ) as daemon:
            port = daemon.wait_until_up()["osc_port"]
            senders = [
                threading.Thread(target=post_all, args=(posts[k::SENDERS], home / "inbox", port))
                for k in range(SENDERS)
            ]
            for sender in senders:
                sender.start()
            for sender in senders:
                sender.join()
            until(lambda: states(home) == {"done": MESSAGES}, timeout=2 * PATIENCE)
            until(lambda: len(list((home / "inbox/rejected").glob("*.error"))) == HALVES)
            assert not list((home / "inbox").glob("*.json"))
            errors = outbox(home, "storm")["errors"]
            halves = [post for post in posts if post.name.startswith("half-") and b'"storm"' in post.data]
            assert {error["message_id"] for error in errors} == {post.name for post in halves} != set()
        listed = [json.loads(line) for line in cli(home, "jobs", "--json", "-n", "200").stdout.splitlines()]
        assert sorted(fal.queue.submits().values()) == [1] * MESSAGES
    assert len(listed) == MESSAGES
    assert sorted(job["seed"] for job in listed) == list(range(1000, 1000 + MESSAGES))
    results = [job["variations"][0]["result"]["path"] for job in listed]
    assert len(set(results)) == MESSAGES == len(list(out.glob("*.wav")))
    assert all(soundfile.info(path).frames == round(0.3 * 48_000) for path in results)
    assert sorted(path.stem for path in (home / "inbox/rejected").glob("*.json")) == [f"half-{n}" for n in range(5)]


def states(home: Path) -> Counter[str]:
    return Counter(job["state"] for job in outbox(home, "storm")["jobs"])
