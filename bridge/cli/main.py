"""Runs one command: parses the arguments, imports the command's module from `bridge.cli.commands`, and reports errors.

Slow imports are avoided here, because a foot switch may run `ace-bridge send`.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from bridge.cli.output import prepare_streams, use_utf8_file_names
from bridge.cli.parser import build_parser
from bridge.config.home import home, is_fresh
from bridge.errors import BridgeError
from bridge.util.umask import keep_own_access


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit status: 0 for success, 1 for an error (explained on stderr), 2 for an invalid option, 3 if the daemon
        is not running (`status` only), 130 for Ctrl-C.
    """
    if argv is None:
        use_utf8_file_names()
    prepare_streams()
    keep_own_access()
    parser = build_parser()
    options, unknown = parser.parse_known_args(argv)
    if options.command is None:
        if unknown:
            parser.reject(unknown)
        parser.print_help()
        _suggest_setup(options.home)
        return 0
    if unknown:
        options.parser.reject(unknown)
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
    except BrokenPipeError:  # as in `ace-bridge jobs | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as problem:  # a bug: report its place in the code, but no values, which may be secret
        complain(_unexpected(problem), as_json=getattr(options, "json", False))
        return 1


def _suggest_setup(chosen: str | None) -> None:
    """Print the next step of a user who has set up nothing yet."""
    with contextlib.suppress(BridgeError):  # HOME is not set
        if is_fresh(Path(chosen) if chosen else home()):
            print("\nNothing is set up yet. Start with `ace-bridge setup`.")


def _unexpected(problem: Exception) -> BridgeError:
    """Return an error that names an unexpected exception's type and source line."""
    place, trace = "", problem.__traceback__
    while trace is not None:
        place, trace = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}", trace.tb_next
    return BridgeError(
        f"The command failed because of a defect ({type(problem).__name__} at {place}).",
        hint="Running remixes continue; `ace-bridge status` and `ace-bridge jobs` show them. Please report this.",
    )


def complain(error: BridgeError, *, as_json: bool) -> None:
    """Print an error's text and its hint to stderr."""
    if as_json:
        import json

        print(json.dumps({"event": "error", **error.to_wire()}), flush=True)
    else:
        print(f"ace-bridge: {error.text}\n  {error.hint}\n  [{error.code}]", file=sys.stderr)
