"""Tables of bars as people have them."""

import datetime as dt

HEADER = "Date;Open;High;Low;Close;Volume"


def write_table(minutes: int = 30, *, header: str = HEADER, bad: int = 0) -> str:
    """Write minutes of a Monday from 9:30 on, naive; ``bad`` of them cannot be read."""
    first = dt.datetime(2024, 1, 8, 9, 30)  # noqa: DTZ001 (a table does not say its zone)
    lines = [header]
    for n in range(minutes):
        close = "n/a?" if n < bad else f"{100.5 + n % 7}"
        time = first + dt.timedelta(minutes=n)
        lines.append(
            f"{time:%Y-%m-%d %H:%M};{100 + n % 7};{101 + n % 7};{99 + n % 7};{close};{n + 1}"
        )
    return "\n".join(lines) + "\n"
