"""Settings and presets: can they be read, and do they say something that is meant?"""

from __future__ import annotations

from collections.abc import Iterator

from bridge.doctor.base import Context, Finding
from bridge.presets.library import standard


def look(context: Context) -> Iterator[Finding]:
    """Look at config.toml, the environment's settings and all presets."""
    if context.settings_trouble:
        yield Finding(
            "settings", "trouble", context.settings_trouble, "Correct that line; docs/config.md has them all."
        )
    else:
        own = sorted(key for key, origin in context.settings.origins.items() if origin != "default")
        said = f"{len(own)} differ from the defaults ({', '.join(own)})" if own else "all are the defaults"
        yield Finding("settings", "well", f"The settings can be read; {said}.")
    shelf = standard(context.home)
    problems = shelf.problems()
    for problem in problems:
        yield Finding("presets", "trouble", problem.text, problem.hint)
    if not problems:
        yield Finding("presets", "well", f"All {len(shelf.all())} presets are right.")
