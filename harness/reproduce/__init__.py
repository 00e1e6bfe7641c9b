"""From a change to one stand-alone script that shows it: pure, the project's files are given."""

from harness.reproduce.errors import Unflattenable
from harness.reproduce.pins import Installed
from harness.reproduce.script import Asked, Project, Script, Stack, script

__all__ = ["Asked", "Installed", "Project", "Script", "Stack", "Unflattenable", "script"]
