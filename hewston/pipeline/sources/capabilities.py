"""What each source of market data can do here, and nothing that it cannot do yet."""

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class Source:
    """A source.

    ``package`` is its place beside this module and ``providers`` what its datasets say who made
    them; ``files`` are the ends of file names, and ``gives`` is what bars are made of.
    """

    key: str
    label: str
    package: str
    providers: tuple[str, ...]
    files: tuple[str, ...]
    gives: str
    upload: bool  # files are sent, or taken from the inbox folder
    symbol_fetch: bool  # a symbol and a range are enough: the data is fetched
    replay: bool  # a run on it is played bar by bar
    live_append: bool  # new bars come by themselves
    quotes: bool  # bars know bid, ask and spread


CAPABILITIES = ("upload", "symbol_fetch", "replay", "live_append", "quotes")
SOURCES = (
    Source(
        key="dbn",
        label="Databento DBN files",
        package="dbn",
        providers=("databento",),
        files=(".dbn", ".dbn.zst"),
        gives="one-minute bars of trades (TRADES), with quotes where there is TBBO",
        upload=True,
        symbol_fetch=False,
        replay=True,
        live_append=False,
        quotes=True,
    ),
    Source(
        key="table",
        label="Tables of bars",
        package="tables",
        providers=("table",),
        files=(
            *(".csv", ".tsv", ".txt", ".prn", ".xlsx", ".xlsm", ".parquet", ".pq"),
            *(".gz", ".zip", ".bz2", ".xz", ".csv.zst", ".txt.zst"),
        ),
        gives="bars of the length that the table has, without quotes",
        upload=True,
        symbol_fetch=False,
        replay=True,
        live_append=False,
        quotes=False,
    ),
    Source(
        key="sample",
        label="Sample year",
        package="sample",
        providers=("sample",),
        files=(),
        gives="one-minute bars with quotes that no market made, the same everywhere",
        upload=False,
        symbol_fetch=False,
        replay=True,
        live_append=False,
        quotes=True,
    ),
)
