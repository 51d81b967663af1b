"""Whatever a file holds, it is bars or a sentence."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hewston.pipeline.errors import InputError
from hewston.pipeline.ingest.tables import preview_table, read_table
from tests.pipeline.tables.reading import SAID, rows, table

_CELLS = st.one_of(
    st.sampled_from(
        [
            *(
                "",
                "-",
                "NaN",
                "1",
                "0",
                "-5",
                "1e400",
                "1.234",
                "1,234",
                "1'2",
                "(3)",
                "12%",
                "$",
                "5M",
            ),
            *(
                "2025-10-31",
                "31/10/2025",
                "10/31/25",
                "2025-13-45",
                "20251031",
                "99999999999999999999",
            ),
            *(
                "1761868800",
                "1761868800000",
                "45961.5",
                "09:30",
                "930",
                "Total",
                "Date",
                "Open",
                "High",
            ),
            *(
                "Low",
                "Close",
                "Volume",
                "AAPL",
                "2025-10-31T00:00:00Z",
                "上午 9:30",
                "31. Okt 2025",
                "\u0660",
            ),
        ]
    ),
    st.text(max_size=6).filter(lambda text: not set(text) & set("\r\n\0")),
)
_TABLES = st.tuples(
    st.sampled_from([",", ";", "\t", "|", " "]),
    st.lists(st.lists(_CELLS, min_size=1, max_size=9), min_size=1, max_size=25),
)
_OFTEN = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])


def _is_bars_or_a_sentence(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bars.csv"
        path.write_bytes(text.encode(errors="surrogatepass"))
        scratch = Path(folder) / "scratch"
        scratch.mkdir()
        for read in (preview_table, read_table):
            assert _say(read, path, scratch).endswith(".")


def _say(read: Callable[..., object], path: Path, scratch: Path) -> str:
    """Read a file; give the sentence that refuses it, or a full stop."""
    try:
        read(path, name="bars.csv", scratch=scratch, answers=SAID)
    except InputError as refusal:
        return refusal.message
    return "."


@_OFTEN
@given(_TABLES)
def test_any_cells(made):
    delimiter, lines = made
    _is_bars_or_a_sentence("\n".join(delimiter.join(cells) for cells in lines))


@_OFTEN
@given(st.data())
def test_bars_with_any_cells_among_them(data):
    lines = rows(30)
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(lines) - 1))
        cells = lines[at].split(",")
        cells[data.draw(st.integers(0, len(cells) - 1))] = data.draw(_CELLS)
        lines[at] = ",".join(cells)
    _is_bars_or_a_sentence(table(lines))
