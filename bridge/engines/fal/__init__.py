"""The fal engine, which submits remixes to ACE-Step on fal.ai. `engine.py` connects the modules of this package."""
