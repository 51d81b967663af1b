"""What an author's code printed, as lines of a run's log."""

_MOST_LINES = 200
_LONGEST_LINE = 500  # characters


def list_printed(text: str) -> list[str]:
    """Give what was printed as lines that are safe to show, and say where some are left out."""
    lines = [line for line in text.splitlines() if line.strip()]
    told = [f"The strategy printed: {_clean(line)}" for line in lines[:_MOST_LINES]]
    if len(lines) > _MOST_LINES:
        told.append(f"The strategy printed {len(lines) - _MOST_LINES:,} more lines, not kept here.")
    return told


def _clean(line: str) -> str:
    shown = "".join(
        one if one.isprintable() else " " for one in line[:_LONGEST_LINE].expandtabs(4)
    ).rstrip()
    return shown if len(line) <= _LONGEST_LINE else f"{shown}…"
