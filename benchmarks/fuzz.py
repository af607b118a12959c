"""Sends random packets to the OSC surface, checks that the surface survives, and measures stalls and memory.

    PYTHONPATH=. .venv/bin/python benchmarks/fuzz.py --packets 1000000

A child process sends valid and damaged packets to a real surface as fast as the surface accepts them. A 1 ms timer
measures how long the surface blocks the event loop, in CPU time, so that other programs have no influence. The seed is
printed and can be set with --seed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import random
import resource
import socket
import struct
import sys
import time
from collections.abc import Iterator

from bridge.control.table import COMMANDS
from bridge.osc.packet import build
from tests.fakes.osc_stage import Stage

TICK = 0.001  # s
AT_ONCE = 100  # packets per batch


def packets(chance: random.Random) -> Iterator[bytes]:
    """Yield packets without end: valid, damaged, bundled, truncated and random packets."""
    addresses = [command.address.replace("<name>", "guidance_scale") for command in COMMANDS]
    while True:
        arguments = [
            chance.choice((0, 1, -1, 1.5, True, False, "x", "ü" * chance.randrange(60), 2**40))
            for _ in range(chance.randrange(4))
        ]
        data = bytearray(build(chance.choice(addresses), *arguments))
        for _ in range(chance.randrange(4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        kind = chance.random()
        if kind < 0.1:
            data = bytearray(chance.randbytes(chance.randrange(200)))
        elif kind < 0.3:
            tag = chance.choice((1, chance.randrange(2**64)))
            data = bytearray(b"#bundle\0" + struct.pack(">Qi", tag, len(data) + chance.choice((0, 0, 4, -4))) + data)
        elif kind < 0.35:
            del data[chance.randrange(len(data)) :]
        yield bytes(data)


async def lateness(found: list[float]) -> None:
    """Record how much CPU time, in s, the event loop uses between two ticks of a 1 ms timer."""
    while True:
        before = time.thread_time()
        await asyncio.sleep(TICK)
        found.append(time.thread_time() - before)


def whole(data: bytes) -> bytes:
    """Pad a packet to a multiple of four bytes, because any other length makes the surface close the stream."""
    return data + bytes(-len(data) % 4 or (0 if data else 4))


def throw(port: int, count: int, seed: int) -> None:
    """Send `count` packets over TCP, waiting while the surface is busy; runs in the child process."""
    with socket.create_connection(("127.0.0.1", port)) as channel:
        made = packets(random.Random(seed))
        for _ in range(0, count, AT_ONCE):
            some = [whole(next(made)) for _ in range(AT_ONCE)]
            channel.sendall(b"".join(struct.pack(">i", len(data)) + data for data in some))
            channel.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while channel.recv(65_536):  # discard the answers so far
                    pass
            channel.setblocking(True)
        channel.shutdown(socket.SHUT_WR)
        while channel.recv(65_536):  # read all answers, because closing a connection with unread data resets it
            pass


async def watch(count: int, seed: int) -> None:
    """Start the surface and a child process that sends it `count` packets, and print the results."""
    stage, late = Stage(), []
    stage.port = await stage.surface.start()
    ticking = asyncio.create_task(lateness(late))
    before, started = rss(), time.monotonic()
    thrower = await asyncio.create_subprocess_exec(
        sys.executable, __file__, "--port", str(stage.port), "--packets", str(count), "--seed", str(seed)
    )
    while thrower.returncode is None:
        await asyncio.sleep(0.1)
        stage.bridge.asked.clear()
    ticking.cancel()
    counters, seconds = stage.surface.counters, time.monotonic() - started
    late.sort()
    print(f"seed {seed}: {counters.packets} of {count} packets taken in {seconds:.0f} s")
    print(f"{counters.messages} messages, {counters.malformed} packets malformed, {counters.unknown} addresses unknown")
    parts = {"median": late[len(late) // 2], "p99.9": late[int(len(late) * 0.999)], "most": late[-1]}
    print("held up by its own work: " + ", ".join(f"{name} {value * 1e3:.2f} ms" for name, value in parts.items()))
    print(f"memory: {before:.0f} MB before, {rss():.0f} MB at most")
    client = stage.udp()
    client.send("/bridge/ping")
    await client.hear("/bridge/pong")
    print("it still answers")
    await stage.close()


def rss() -> float:
    """Return the peak memory of this process, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packets", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.port:
        throw(options.port, options.packets, options.seed)
        return
    logging.disable(logging.ERROR)
    asyncio.run(watch(options.packets, options.seed))


if __name__ == "__main__":
    main()
