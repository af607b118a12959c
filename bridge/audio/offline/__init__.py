"""The offline engine's signal processing: a clip in, the clip in another style out, with numpy and soxr only.

`bridge/workers/tasks/offline.py` reads and writes the files; everything here is pure functions on arrays (frames × 2,
float32). `remix.py` is the place to begin reading, `families.py` the table of what each style does.
"""
