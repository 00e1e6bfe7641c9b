"""How much a page may still show."""

from __future__ import annotations


class Room:
    """How many characters may still be shown; what comes first, the heaviest, is shown first."""

    def __init__(self, characters: int) -> None:
        self.left = characters

    def take(self, *texts: str) -> bool:
        """Whether there was room for `texts`; it is taken only then."""
        size = sum(map(len, texts))
        if size > self.left:
            return False
        self.left -= size
        return True
