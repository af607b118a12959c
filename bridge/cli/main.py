"""Runs one command: parses it, imports its module from `bridge.cli.commands`, and explains its errors.

Imports nothing heavy, because a foot switch may run `ace-bridge send`.
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
        The exit status: 0 success, 1 an error (explained on stderr), 2 an invalid option, 3 the daemon is not running
        (`status` only), 130 Ctrl-C.
    """
    parser = build_parser()
    options, unknown = parser.parse_known_args(argv)
    if options.command is None:
        if unknown:
            parser.reject(unknown)
        parser.print_help()
        return 0
    if unknown:
        options.parser.reject(unknown)
    if isinstance(sys.stdout, io.TextIOWrapper) and os.name == "posix":
        sys.stdout.reconfigure(errors="surrogateescape")  # print paths byte for byte
    if options.home:
        os.environ["ACE_BRIDGE_HOME"] = options.home
    module, function = options.handler.split(":")
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
    except Exception as problem:  # a defect: report its place, but no values, which may be secret
        complain(_unexpected(problem), as_json=getattr(options, "json", False))
        return 1


def _unexpected(problem: Exception) -> BridgeError:
    """Return an error that names a defect's type and source line."""
    place, trace = "", problem.__traceback__
    while trace is not None:
        place, trace = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}", trace.tb_next
    return BridgeError(
        f"The command failed because of a defect ({type(problem).__name__} at {place}).",
        hint="Running remixes continue; `ace-bridge status` and `ace-bridge jobs` show them. Please report this.",
    )


def complain(error: BridgeError, *, as_json: bool) -> None:
    """Print what happened and what to do next."""
    if as_json:
        import json

        print(json.dumps({"event": "error", **error.to_wire()}), flush=True)
    else:
        print(f"ace-bridge: {error.text}\n  {error.hint}\n  [{error.code}]", file=sys.stderr)
