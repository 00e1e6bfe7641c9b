"""What a run of faults says, in words and as data."""
