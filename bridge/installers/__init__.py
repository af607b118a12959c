"""Installs the DAWs' scripts and keeps them up to date."""
