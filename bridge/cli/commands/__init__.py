"""The commands of the command line, one module per group, each imported only when it runs."""
