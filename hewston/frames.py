"""Sends tables as JSON, CSV, Parquet or Excel. The work is done outside Python's lock."""

import asyncio
import os
import re
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import IO, Any, Literal

import polars as pl
import polars.selectors as cs
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.cache import get_conditional_response, patch_vary_headers

from hewston.pipeline.fields import Rule
from hewston.pipeline.store import Store

Format = Literal["json", "csv", "parquet"]
FORMAT: dict[str, Rule] = {
    "format": {"type": "str", "default": "json", "choices": ("json", "csv", "parquet")}
}
_CONTENT_TYPES = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "zip": "application/zip",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_PART_BYTES = 1 << 18
_PART_ROWS = 4_096
_ROWS_AT_ONCE = 65_536  # that an answer of this process may hold
_ISO = "%Y-%m-%dT%H:%M:%S%.fZ"
_ISO_TIMES = (cs.datetime().dt.strftime(_ISO), cs.date().dt.to_string("iso"))
_FORMULA = r"^[=+\-@\t\r]"  # what spreadsheets run


def send_content(
    request: HttpRequest,
    make: Callable[[], bytes],
    *,
    etag: str,
    name: str,
    content_type: str,
) -> HttpResponseBase:
    """Answer with bytes that ``make`` gives, or 304 to whoever has them by the same tag."""
    response = get_conditional_response(request, etag=f'"{etag}"')
    if response is None:
        response = HttpResponse(make(), content_type=content_type)
        response["Content-Disposition"] = f'attachment; filename="{name}"'
    return _tag(response, etag)


def send_frame(
    request: HttpRequest,
    make: Callable[[], pl.DataFrame],
    *,
    kind: Format,
    etag: str,
    name: str,
    rows: slice = slice(None),
) -> HttpResponseBase:
    """Answer with some rows of a table, JSON as ``{items, total}``; times in UTC.

    ``total`` counts the whole table.
    """
    return send_content(
        request,
        lambda: _encode_part(make(), kind, rows),
        etag=f"{etag[:32]}-{kind}",
        name=f"{name}.{kind}",
        content_type=_CONTENT_TYPES[kind],
    )


def send_scan(
    request: HttpRequest,
    path: Path,
    *,
    kind: Format,
    etag: str,
    name: str,
    start: int = 0,
    count: int | None = None,
) -> HttpResponseBase:
    """Answer with rows of a stored Parquet file as ``send_frame`` does, however many there are.

    More than a few are written to a file first, a part after the other: the process's memory does
    not grow with them.
    """
    whole = pl.scan_parquet(path)
    total = whole.select(pl.len()).collect().item()
    rows = max(total - start, 0) if count is None else max(min(total - start, count), 0)
    chosen = whole.slice(start, rows)
    if rows > _ROWS_AT_ONCE:
        return send_made(
            request,
            lambda file: _write_rows(chosen, file, kind=kind, rows=rows, total=total),
            kind=kind,
            etag=etag,
            name=name,
        )
    return send_content(
        request,
        lambda: _encode(chosen.collect(), kind, total),
        etag=f"{etag[:32]}-{kind}",
        name=f"{name}.{kind}",
        content_type=_CONTENT_TYPES[kind],
    )


def send_made_scan(
    request: HttpRequest,
    make: Callable[[Path], object],
    *,
    kind: Format,
    etag: str,
    name: str,
    start: int,
    count: int | None,
) -> HttpResponseBase:
    """Answer as ``send_scan``, from a Parquet file that ``make`` writes and nobody keeps."""
    response = get_conditional_response(request, etag=f'"{etag[:32]}-{kind}"')
    if response is not None:
        return _tag(response, f"{etag[:32]}-{kind}")
    with Store(settings.DATA_ROOT).staging(f"rows-{secrets.token_hex(6)}") as folder:
        path = folder / "rows.parquet"
        make(path)
        return send_scan(request, path, kind=kind, etag=etag, name=name, start=start, count=count)


def send_parquet(request: HttpRequest, path: Path, *, etag: str, name: str) -> HttpResponseBase:
    """Answer with a stored Parquet file, byte for byte."""
    return send_content(
        request,
        path.read_bytes,
        etag=f"{etag[:32]}-parquet",
        name=f"{name}.parquet",
        content_type=_CONTENT_TYPES["parquet"],
    )


def send_made(
    request: HttpRequest,
    make: Callable[[Path], object],
    *,
    kind: str,
    etag: str,
    name: str,
) -> HttpResponseBase:
    """Answer with a file that ``make`` writes, as ``send_written``; or 304 to whoever has it."""
    tag = f"{etag[:32]}-{kind}"
    response: HttpResponseBase | None = get_conditional_response(request, etag=f'"{tag}"')
    if response is None:
        response = send_written(request, make, kind=kind, name=name)
    return _tag(response, tag)


def _tag[ResponseT: HttpResponseBase](response: ResponseT, etag: str) -> ResponseT:
    response["ETag"] = f'"{etag}"'
    response["Cache-Control"] = "private, no-cache"  # a copy may be kept, and asked about
    patch_vary_headers(response, ("Authorization", "Cookie"))
    return response


def send_written(
    request: HttpRequest, make: Callable[[Path], object], *, kind: str, name: str
) -> HttpResponseBase:
    """Answer with a file that ``make`` writes, in parts.

    The file is gone, whatever happens, when it is sent: until then it has no name.
    """
    if request.method == "HEAD":
        return HttpResponse(content_type=_CONTENT_TYPES[kind])  # nothing is made for it
    with Store(settings.DATA_ROOT).staging(f"export-{secrets.token_hex(6)}") as folder:
        path = folder / "file"
        make(path)
        file = path.open("rb")
    headers = {
        "Content-Length": str(os.fstat(file.fileno()).st_size),
        "Content-Disposition": f'attachment; filename="{name}.{kind}"',
    }
    parts = _read_parts(file)
    content = _pace(parts) if isinstance(request, ASGIRequest) else parts
    response = StreamingHttpResponse(content, content_type=_CONTENT_TYPES[kind], headers=headers)
    closers: list[Callable[[], None]] = response._resource_closers  # type: ignore[attr-defined]  # noqa: SLF001 (Django's own way)
    closers.append(file.close)
    return response


def _read_parts(file: IO[bytes]) -> Iterator[bytes]:
    while part := file.read(_PART_BYTES):
        yield part


async def _pace(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Read in a thread, so that no other request waits for the disk."""
    while part := await asyncio.to_thread(next, parts, b""):
        yield part


def _encode_part(whole: pl.DataFrame, kind: Format, rows: slice) -> bytes:
    return _encode(whole[rows], kind, whole.height)


def _encode(frame: pl.DataFrame, kind: Format, total: int) -> bytes:
    if kind == "parquet":
        return _write(frame.write_parquet)
    if kind == "csv":
        return _write(_name_cells(frame.lazy()).collect().write_csv)
    return b'{"items":[%b],"total":%d}' % (b",".join(_list_items(frame)), total)


def _write_rows(chosen: pl.LazyFrame, file: Path, *, kind: Format, rows: int, total: int) -> None:
    if kind == "parquet":
        chosen.sink_parquet(file, compression="zstd")
    elif kind == "csv":
        _name_cells(chosen).sink_csv(file)
    else:
        with file.open("wb") as target:
            target.write(b'{"items":[')
            for start in range(0, rows, _ROWS_AT_ONCE):
                part = _list_items(chosen.slice(start, _ROWS_AT_ONCE).collect())
                target.write((b"," if start else b"") + b",".join(part))
            target.write(b'],"total":%d}' % total)


def _list_items(frame: pl.DataFrame) -> list[bytes]:
    """Write rows as JSON, some at a time: all in one text would stay in the process's memory."""
    parts = frame.iter_slices(_PART_ROWS)
    return [name_times(part).write_json()[1:-1].encode() for part in parts if part.height]


def _name_cells(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Write times as ``name_times``; quote what spreadsheets would run, also as a heading."""
    text = cs.string()
    quoted = pl.when(text.str.contains(_FORMULA)).then("'" + text).otherwise(text)
    named = frame.with_columns(*_ISO_TIMES).with_columns(quoted.name.keep())
    return named.rename(lambda name: f"'{name}" if re.match(_FORMULA, name) else name)


def name_times(frame: pl.DataFrame) -> pl.DataFrame:
    """Write times (UTC) and dates as ISO 8601."""
    return frame.with_columns(*_ISO_TIMES)


def _write(write: Callable[[Any], None]) -> bytes:
    buffer = BytesIO()
    write(buffer)
    return buffer.getvalue()
