"""MIDI controllers: pads, faders and encoders run commands of control/table.py; lights show jobs and values.

device ↔ port_host.py (a separate process) ↔ port_process.py ↔ surface.py → control/table.py → `BridgeApi`.
"""
