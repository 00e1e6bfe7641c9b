"""What a gate decides: which behaviours run where, what their outcomes say, how it exits.

Pure: data in, data out. `world` holds the interfaces of what acts for it.
"""
