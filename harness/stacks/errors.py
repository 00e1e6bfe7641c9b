"""What can go wrong with a stack, each with a type of its own."""

from __future__ import annotations

from harness.vocabulary.errors import ExitCode, StackError


class Unsolvable(StackError):
    """No set of versions satisfies what was asked for.

    `conflict` is the smallest set of requirements that cannot go together, `reasons` say
    why in plain words, `words` is the resolver's own explanation on one line.
    """

    def __init__(
        self,
        what: str,
        *,
        conflict: tuple[str, ...] = (),
        reasons: tuple[str, ...] = (),
        words: str = "",
        where: str = "",
        allowed: str = "",
        next: str = "",
    ) -> None:
        super().__init__(what, where=where, allowed=allowed, next=next)
        self.conflict = conflict
        self.reasons = reasons
        self.words = words


class UnknownPackage(Unsolvable):
    """The package index has no package of that name."""


class UnknownVersion(Unsolvable):
    """The package index has the package, and no release that fits."""


class Uninstallable(StackError):
    """A resolved stack does not install: a package does not download, build or unpack."""


class IndexUnreachable(StackError):
    """The package index does not answer: nothing can be said of the stack."""

    exit_code = ExitCode.INCONCLUSIVE


class NoSpace(StackError):
    """The disk is full: nothing can be said of the stack."""

    exit_code = ExitCode.INCONCLUSIVE
