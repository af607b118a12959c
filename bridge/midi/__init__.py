"""MIDI controllers: pads, faders and encoders ask with the commands of commands.py, and their lights show what goes on.

device ↔ port_host.py (a process of its own) ↔ port_process.py ↔ surface.py → commands.py → `BridgeApi`.
"""
