"""The stages, one module each; `bridge.pipeline` has their order."""
