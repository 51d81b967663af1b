"""`python -m benchmarks [--check] [NAME…]`: print each target beside what was measured."""

import argparse
import importlib
import os
import platform
import sys

from benchmarks.rows import Row

PARTS = ("derive", "runs", "pages")


def main() -> int:
    """Measure the parts that were named, print a table, and judge it with --check."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="NAME", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--check", action="store_true", help="exit 1 when a target is missed")
    options = parser.parse_args()
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    rows: list[Row] = []
    for part in options.parts or PARTS:
        rows += importlib.import_module(f"benchmarks.{part}").measure()
    _print_table(rows)
    return 1 if options.check and not all(row.met for row in rows) else 0


def _print_table(rows: list[Row]) -> None:
    head = ("what", "target", "measured", "peer in the same run", "met")
    lines = [
        (row.name, row.target, row.measured, row.peer or "", "yes" if row.met else "NO")
        for row in rows
    ]
    widths = [max(len(line[i]) for line in (head, *lines)) for i in range(len(head))]
    write = sys.stdout.write
    write(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}\n\n")
    for line in (head, tuple("-" * width for width in widths), *lines):
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        write(f"| {' | '.join(cells)} |\n")


if __name__ == "__main__":
    sys.exit(main())
