"""Files that come in with a request: each goes straight to a folder in the data root.

Django gives every file of a multipart body to this handler, chunk by chunk. What nobody keeps is
removed when the request ends, however it ends; what a killed process left, the sweep removes.
"""

import fcntl
import os
import re
import secrets
import shutil
import unicodedata
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest

from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.store import Store

MOST_FILES = 2000
_LONGEST_NAME = 200  # bytes: file systems end at 255, and a number may be added
_SUFFIX = re.compile(r"(\.(dbn|csv|tsv|txt))?\.[a-z0-9]{1,10}$", re.IGNORECASE)
_LOOK_BYTES = 1 << 26  # how much is written between two looks at the disk


class Upload:
    """The files of one request, in a folder of their own."""

    def __init__(self) -> None:
        self.id = secrets.token_hex(6)
        self.folder = Store(settings.DATA_ROOT).uploads / self.id
        self.names: list[str] = []
        self.size_bytes = 0
        self.problem: HewstonError | None = None
        self._is_kept = False
        self._file: BinaryIO | None = None
        self._lock: int | None = None  # held as long as its request lasts

    def begin(self, name: str) -> str:
        """Open the next file; returns the name that it gets."""
        if len(self.names) >= MOST_FILES:
            raise InputError(
                f"Send at most {MOST_FILES:,} files at once.", code="PAYLOAD_TOO_LARGE"
            )
        if self._lock is None:
            self.folder.mkdir(parents=True, mode=0o700)
            self._lock = os.open(self.folder, os.O_RDONLY)
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        name = _choose_name(name, {known.casefold() for known in self.names})
        self._file = (self.folder / name).open("xb", buffering=0)
        self.names.append(name)
        return name

    def write(self, chunk: bytes) -> None:
        """Add to the open file."""
        before, self.size_bytes = self.size_bytes, self.size_bytes + len(chunk)
        if self.size_bytes > settings.UPLOAD_BYTES:
            raise InputError(
                f"The files are over {settings.UPLOAD_BYTES / 1e9:g} GB together. Send fewer at "
                "once, or put them into the inbox folder.",
                code="PAYLOAD_TOO_LARGE",
                allowed=settings.UPLOAD_BYTES,
            )
        if before // _LOOK_BYTES != self.size_bytes // _LOOK_BYTES:
            _check_disk(0)
        if self._file is not None:
            self._file.write(chunk)

    def end(self) -> None:
        """Close the open file when its bytes are on the disk."""
        if self._file is not None:
            os.fsync(self._file.fileno())
            self._file.close()
            self._file = None

    def keep(self) -> None:
        """Let the files outlive the request."""
        self._is_kept = True

    def close(self) -> None:
        """Remove the files, unless they are kept."""
        if self._file is not None:
            self._file.close()
            self._file = None
        if not self._is_kept:
            shutil.rmtree(self.folder, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def is_received(folder: Path) -> bool:
    """Tell whether the request that sent an upload's files is over, however it ended."""
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        os.close(lock)


class StoredFile(UploadedFile):  # type: ignore[type-arg]  # generic in its stubs alone
    """A file of a request by the name it has in its upload's folder."""

    def __init__(self, upload: Upload, name: str, size: int) -> None:
        super().__init__(name=name, size=size)
        self.upload = upload

    def close(self) -> None:
        """Django calls this when the request ends."""
        self.upload.close()


class UploadHandler(FileUploadHandler):
    """Writes the files of a request to an upload."""

    chunk_size = 1 << 20

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self.file = Upload()  # by this name Django closes it when a body cannot be read

    def new_file(self, *args: object, **kwargs: object) -> None:
        """Begin a file."""
        super().new_file(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they come
        try:
            if not self.file.names:
                _check_disk(int((self.request and self.request.META.get("CONTENT_LENGTH")) or 0))
            self.file_name = self.file.begin(self.file_name or "")
        except (HewstonError, OSError) as problem:
            self._stop(problem)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Write a part of the file; no other handler needs it."""
        del start
        try:
            self.file.write(raw_data)
        except (HewstonError, OSError) as problem:
            self._stop(problem)

    def file_complete(self, file_size: int) -> StoredFile:
        """End the file."""
        self.file.end()
        return StoredFile(self.file, self.file_name or "", file_size)

    def upload_interrupted(self) -> None:
        """Remove what came so far."""
        self.file.close()

    def _stop(self, problem: HewstonError | OSError) -> None:
        # The fields that came before are kept, so that a form can show them with the sentence.
        self.file.problem = problem if isinstance(problem, HewstonError) else _explain(problem)
        raise StopUpload(connection_reset=False) from problem


def read_upload(request: HttpRequest) -> Upload | None:
    """Give the files of a request, which stay only if they are kept; None when there are none.

    Raises HewstonError when they could not all be taken; then none of them is there.
    """
    sent = request.FILES
    for handler in request.upload_handlers:
        if isinstance(handler, UploadHandler):
            if handler.file.problem is not None:
                raise handler.file.problem
            return handler.file if sent else None
    return None


def _choose_name(given: str, taken: set[str]) -> str:
    """Make a file name of what a client calls its file: one step, printable, not hidden, new."""
    base = unicodedata.normalize("NFC", given).replace("\\", "/").rpartition("/")[2]
    base = "".join(char for char in base if char.isprintable()).strip().lstrip(".")
    found = _SUFFIX.search(base)
    suffix = found[0] if found else ""
    whole = base.removesuffix(suffix).encode()[: _LONGEST_NAME - len(suffix)]
    stem = whole.decode(errors="ignore") or "file"
    name, number = stem + suffix, 1
    while name.casefold() in taken:
        number += 1
        name = f"{stem} ({number}){suffix}"
    return name


def _check_disk(wanted: int) -> None:
    free = shutil.disk_usage(settings.DATA_ROOT).free - wanted
    if free < settings.MIN_FREE_BYTES:
        raise HewstonError(
            "There is not enough disk for these files: "
            f"{settings.MIN_FREE_BYTES / 1e9:g} GB must stay free. Free some space, or set "
            "HEWSTON_MIN_FREE_GB.",
            code="BUSY",
        )


def _explain(problem: OSError) -> HewstonError:
    return HewstonError(
        f"The files could not be written: {problem.strerror or type(problem).__name__}. Nothing "
        "was kept: free some space and send them again.",
        code="BUSY",
    )
