"""From a change to one stand-alone script that shows it: pure, the project's files are given."""
