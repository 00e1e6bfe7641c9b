"""What a run of faults decides: which behaviours each is shown to, and whether they noticed.

Pure: data in, data out.
"""
