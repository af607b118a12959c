"""The command-line interface, `ace-bridge`."""
