"""Checks whether the settings and presets are readable and valid."""

from __future__ import annotations

from collections.abc import Iterator

from bridge.doctor.base import Context, Finding
from bridge.presets.library import standard


def look(context: Context) -> Iterator[Finding]:
    """Check config.toml, the environment variables and all presets."""
    if context.settings_error:
        fix = "Correct that line; docs/config.md describes every setting."
        yield Finding("settings", "trouble", context.settings_error, fix)
    else:
        own = sorted(key for key, origin in context.settings.origins.items() if origin != "default")
        differences = f"not the defaults: {', '.join(own)}" if own else "all are the defaults"
        yield Finding("settings", "well", f"The settings are valid; {differences}.")
    library = standard(context.home)
    problems = library.problems()
    for problem in problems:
        yield Finding("presets", "trouble", problem.text, problem.hint)
    if not problems:
        yield Finding("presets", "well", f"All {len(library.all())} presets are valid.")
