"""`python -m benchmarks [--check] [NAME…]`: print each target beside what was measured."""

import argparse
import importlib
import sys

from benchmarks.rows import Row

PARTS = (
    "derive",
    "files",
    "tables",
    "runs",
    "sandbox",
    "pages",
    "charts",
    "uploads",
    "jobs",
    "playback",
    "compare",
    "lists",
    "checks",
    "board",
    "parity",
)
HEAD = ("what", "target", "measured", "peer in the same run", "met")
WIDTHS = (58, 22, 28, 28, 3)


def main() -> int:
    """Measure the parts that were named, print a table, and judge it with --check."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="NAME", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--check", action="store_true", help="exit 1 when a target is missed")
    options = parser.parse_args()
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    _print_line(HEAD)
    _print_line(tuple("-" * width for width in WIDTHS))
    met = True
    try:
        for part in options.parts or PARTS:
            for row in importlib.import_module(f"benchmarks.{part}").measure():
                _print_line((row.name, row.target, row.measured, row.peer or "", _verdict(row)))
                met = met and row.met
    except KeyboardInterrupt:
        return 130
    return 1 if options.check and not met else 0


def _verdict(row: Row) -> str:
    return "yes" if row.met else "NO"


def _print_line(cells: tuple[str, ...]) -> None:
    padded = (cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True))
    sys.stdout.write(f"| {' | '.join(padded)} |\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
