"""MIDI controllers: pads, faders and encoders run the commands in control/table.py; lights show jobs and values.

device ↔ port_host.py (a separate process) ↔ port_process.py ↔ surface.py → control/table.py → `BridgeApi`.
"""
