"""The engine that orders remixes from ACE-Step on fal.ai; `engine.py` puts the parts of this package together."""
