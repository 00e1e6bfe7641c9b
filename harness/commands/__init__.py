"""The commands, one module each: `add(subparsers)` registers a parser and what it runs."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType


def commands() -> list[ModuleType]:
    """Every module here that is a command, by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    found = [importlib.import_module(f"{__name__}.{name}") for name in names]
    return [module for module in found if hasattr(module, "add")]
