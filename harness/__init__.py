"""A behavioural test harness for the libraries that language models run on."""

__version__ = "0.1.0"
