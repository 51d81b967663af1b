"""Sources as they come in: text of a length that can be shown, and nothing else."""

from hewston.pipeline.errors import InputError

SOURCE_BYTES = 256 * 1024
SOURCE_LINES = 10_000
_BOM = "\ufeff"


def read_source(given: bytes | str) -> str:
    """Read what was typed or sent as a source: UTF-8 with a line feed behind every line.

    Line ends of other systems and a mark at the beginning are taken for what they mean. Raises
    InputError that names the line.
    """
    size = len(given) if isinstance(given, bytes) else len(given.encode(errors="replace"))
    if size > SOURCE_BYTES:
        raise InputError(
            f"The source has {size:,} bytes, but at most {SOURCE_BYTES:,} are kept. Make it "
            "shorter.",
            code="PAYLOAD_TOO_LARGE",
            field="source",
            allowed=f"at most {SOURCE_BYTES:,} bytes",
        )
    text = _decode(given).removeprefix(_BOM)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")
    if len(lines) > SOURCE_LINES:
        raise InputError(
            f"The source has {len(lines):,} lines, but at most {SOURCE_LINES:,} are kept.",
            field="source",
            allowed=f"at most {SOURCE_LINES:,} lines",
        )
    for number, line in enumerate(lines, start=1):
        if "\0" in line:
            raise InputError(
                f"Line {number} has a character that no source may have: NUL. Is this a Python "
                "file?",
                field="source",
                line=number,
            )
    if not any(line.strip() for line in lines):
        raise InputError("The source is empty.", field="source")
    return "\n".join(lines) + "\n"


def _decode(given: bytes | str) -> str:
    try:
        if isinstance(given, str):
            given.encode()  # half a surrogate pair is no text
            return given
        return given.decode()
    except UnicodeError as problem:
        start = problem.start if isinstance(problem, UnicodeDecodeError | UnicodeEncodeError) else 0
        before = given[:start]
        ends = before.count(b"\n") if isinstance(before, bytes) else before.count("\n")
        raise InputError(
            f"Line {ends + 1} is not UTF-8 text. Save the file as UTF-8 and send it again.",
            field="source",
            line=ends + 1,
        ) from None
