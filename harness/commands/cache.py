"""The user's cache: a command that writes to it finds out at once whether it can."""

from __future__ import annotations

import errno
import tempfile

from harness.vocabulary.errors import UsageError
from harness.vocabulary.places import cache_dir

ALLOWED = "HARNESS_CACHE is a folder that can be made and written"
NEXT = "set HARNESS_CACHE to such a folder, or unset it for the user's own cache"


def check_cache() -> None:
    """Make the cache if it is missing. Raises UsageError where it cannot be made or written."""
    folder = cache_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except FileExistsError:
        raise _unusable("it is no folder") from None
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise _unusable(error.strerror or str(error)) from None


def _unusable(why: str) -> UsageError:
    return UsageError(
        f"the cache cannot be written: {why}", where=str(cache_dir()), allowed=ALLOWED, next=NEXT
    )
