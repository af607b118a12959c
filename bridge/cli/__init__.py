"""The command line, `ace-bridge`."""
