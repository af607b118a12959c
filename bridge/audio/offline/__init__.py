"""The signal processing of the offline engine, which remixes a clip in another style with numpy and a resampler only.

`bridge/workers/tasks/offline.py` reads and writes the files; everything here works on arrays (frames × 2, float32).
Start reading at `remix.py`. `families.py` is the table of styles.
"""
