"""What a reproducer brings along: these files are cut up and written into stand-alone scripts.

Each is run by its tests as it is here; `given.py` stands for what is written anew a script.
"""
