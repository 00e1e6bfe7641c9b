"""What is measured: pure functions from loaded objects to plain numbers and dataclasses."""
