"""Measuring noise: under which conditions to run, and what the runs say. Pure: runs nothing."""
