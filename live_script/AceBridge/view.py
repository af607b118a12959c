"""A way to save and restore the selection and the view, because creating a track or a clip changes both.

place.py and selftest.py create a View before they change the Set, and call `restore` in the same tick.
"""

from __future__ import annotations

from .live_objects import alive

DETAIL = ("Detail", "Detail/Clip", "Detail/DeviceChain")  # the lower part of Live's window and its two pages


class View:
    """The selection and the detail view, saved when the View is created."""

    def __init__(self, song, application):
        self._view, self._windows = song.view, application.view
        self._kept = [(name, getattr(self._view, name)) for name in ("selected_track", "highlighted_clip_slot")]
        self._clip = self._view.detail_clip
        self._shown = [name for name in DETAIL if self._windows.is_view_visible(name)]

    def restore(self):
        """Restore the selection and the view, except for objects that no longer exist."""
        for name, value in self._kept:
            if alive(value) and getattr(self._view, name) != value:
                setattr(self._view, name, value)
        if alive(self._clip) and self._view.detail_clip != self._clip:
            self._view.detail_clip = self._clip
        for name in self._shown:
            if not self._windows.is_view_visible(name):
                self._windows.show_view(name)
        if "Detail" not in self._shown and self._windows.is_view_visible("Detail"):
            self._windows.hide_view("Detail")
