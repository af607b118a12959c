"""Runs one command: parses the words, imports the module of `bridge.cli.commands` that does them, explains its errors.

Nothing heavy is imported here: `ace-bridge send` may hang on a foot switch.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from bridge.cli.parser import build_parser
from bridge.errors import BridgeError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit status: 0 done, 1 an error was explained, 2 a wrong option, 3 (`status`) the daemon does not run,
        130 Ctrl-C.
    """
    parser = build_parser()
    options, unknown = parser.parse_known_args(argv)
    if options.command is None:
        if unknown:
            parser.unknown(unknown)
        parser.print_help()
        return 0
    if unknown:
        options.parser.unknown(unknown)
    if isinstance(sys.stdout, io.TextIOWrapper) and os.name == "posix":
        sys.stdout.reconfigure(errors="surrogateescape")  # a path is printed as the bytes that it is
    if options.home:
        os.environ["ACE_BRIDGE_HOME"] = options.home
    module, function = options.does.split(":")
    try:
        return int(getattr(import_module(f"bridge.cli.commands.{module}"), function)(options))
    except BridgeError as error:
        complain(error, as_json=getattr(options, "json", False))
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `ace-bridge jobs | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as problem:  # a defect: its place is said, and no value that may be secret
        complain(_unforeseen(problem), as_json=getattr(options, "json", False))
        return 1


def _unforeseen(problem: Exception) -> BridgeError:
    """Name the kind of a defect and the line where it happened."""
    place, trace = "", problem.__traceback__
    while trace is not None:
        place, trace = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}", trace.tb_next
    return BridgeError(
        f"The command met something that it does not know how to handle ({type(problem).__name__} at {place}).",
        hint="Remixes that are being made go on; `ace-bridge status` and `ace-bridge jobs` tell how they stand.",
    )


def complain(error: BridgeError, *, as_json: bool) -> None:
    """Say what happened and what to do next."""
    if as_json:
        import json

        print(json.dumps({"event": "error", **error.to_wire()}), flush=True)
    else:
        print(f"ace-bridge: {error.text}\n  {error.hint}\n  [{error.code}]", file=sys.stderr)
