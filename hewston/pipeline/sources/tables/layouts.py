"""The exports that are known by how they look, and what is known of them."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hewston.pipeline.sources.tables.vocabulary import fold
from hewston.pipeline.spec import AssetClass


@dataclass(frozen=True, kw_only=True)
class Look:
    """What is seen of a table before its meaning is known."""

    header: tuple[str, ...]  # as written; empty without one
    preamble: str
    footer: str
    first: tuple[str, ...]  # cells of the first bar
    width: int
    volumes_are_zero: bool

    @property
    def words(self) -> list[str]:
        """Give the header's words without case and signs."""
        return [fold(name) for name in self.header]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A known export.

    ``tz`` and ``stamp`` are what its vendor documents; ``tz_guess`` and ``stamp_guess`` are best
    guesses, with their reason.
    """

    name: str
    code: str  # the venue code of a dataset made of it, unless one is given
    matches: Callable[[Look], bool]
    tz: str | None = None
    stamp: str | None = None
    tz_guess: tuple[str, str] | None = None
    stamp_guess: tuple[str, str] | None = None
    asset_class: AssetClass | None = None  # where its vendor has one alone


def recognise(look: Look) -> Layout | None:
    """Find the layout of a table; None where it is nobody's in particular."""
    return next((layout for layout in LAYOUTS if layout.matches(look)), None)


def class_of(name: str | None) -> AssetClass | None:
    """Give the asset class of all bars of a layout, by its name; None where it has several."""
    return next((layout.asset_class for layout in LAYOUTS if layout.name == name), None)


def _has(look: Look, *words: str) -> bool:
    return set(words) <= set(look.words)


def _starts(look: Look, *words: str) -> bool:
    return look.words[: len(words)] == list(words)


def _raw(look: Look, *names: str) -> bool:
    given = [name.strip().casefold() for name in look.header]
    return set(names) <= set(given)


def _cell(look: Look, index: int, pattern: str) -> bool:
    return index < len(look.first) and re.fullmatch(pattern, look.first[index].strip()) is not None


def _is_epoch(look: Look, index: int) -> bool:
    return _cell(look, index, r"\d{10}(\d{3}){0,3}")


def _is_binance(look: Look) -> bool:
    if look.header:
        return _has(look, "open time", "close time") and _has(look, "open", "high", "low", "close")
    return look.width in {11, 12} and _is_epoch(look, 0) and _is_epoch(look, 6)


def _is_tradingview(look: Look) -> bool:
    names = [name.strip() for name in look.header[:5]]
    is_time = _cell(look, 0, r"\d{9,10}|\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:\d{2}))?")
    return names == ["time", "open", "high", "low", "close"] and is_time


def _is_compact_semicolon(look: Look) -> bool:
    return not look.header and look.width == 6 and _cell(look, 0, r"\d{8} \d{6}")  # noqa: PLR2004


_DAILY_WORDS = ("date", "open", "high", "low", "close")

TRADINGVIEW = "TRADINGVIEW"
LAYOUTS: Sequence[Layout] = (
    Layout(
        name="TradingView chart data",
        code=TRADINGVIEW,
        matches=_is_tradingview,
        stamp="open",
    ),
    Layout(
        name="Binance klines",
        code="BINANCE",
        matches=_is_binance,
        tz="UTC",
        stamp="open",
        asset_class="crypto",
    ),
    Layout(
        name="MetaTrader 5",
        code="METATRADER",
        matches=lambda look: _raw(look, "<date>", "<open>", "<tickvol>"),
        stamp="open",
        tz_guess=("Europe/Helsinki", "most brokers' servers run at UTC+2, in summer at UTC+3"),
    ),
    Layout(
        name="MetaTrader 4",
        code="METATRADER",
        matches=lambda look: (
            not look.header
            and look.width == 7  # noqa: PLR2004
            and _cell(look, 0, r"\d{4}\.\d{2}\.\d{2}")
            and _cell(look, 1, r"\d{2}:\d{2}")
        ),
        stamp="open",
        tz_guess=("Europe/Helsinki", "most brokers' servers run at UTC+2, in summer at UTC+3"),
    ),
    Layout(
        name="HistData",
        code="HISTDATA",
        matches=lambda look: _is_compact_semicolon(look) and look.volumes_are_zero,
        tz_guess=("-05:00", "HistData writes New York's winter time all year round"),
        stamp_guess=("open", "HistData writes the start of each minute"),
    ),
    Layout(
        name="NinjaTrader",
        code="NINJATRADER",
        matches=_is_compact_semicolon,
        tz_guess=("UTC", "NinjaTrader 8 exports UTC; older versions the zone of the machine"),
        stamp_guess=("close", "NinjaTrader writes the end of each bar"),
    ),
    Layout(
        name="Dukascopy",
        code="DUKASCOPY",
        matches=lambda look: (
            bool(look.words)
            and look.words[0] in {"gmt time", "local time", "est time", "eet time"}
            and _has(look, "open", "high", "low", "close")
        ),
        stamp="open",
    ),
    Layout(
        name="Finam",
        code="FINAM",
        matches=lambda look: (
            _raw(look, "<ticker>", "<per>", "<date>", "<time>", "<vol>")
            and not _raw(look, "<openint>")
        ),
        tz_guess=("Europe/Moscow", "Finam writes Moscow time unless another was chosen"),
        stamp_guess=("open", "Finam lets one choose; the start is its default"),
    ),
    Layout(
        name="Stooq",
        code="STOOQ",
        matches=lambda look: (
            _raw(look, "<ticker>", "<per>", "<date>", "<openint>")
            or _has(look, "otwarcie", "najwyzszy", "najnizszy", "zamkniecie")
        ),
        tz_guess=("Europe/Warsaw", "Stooq writes Warsaw time"),
    ),
    Layout(
        name="CryptoDataDownload",
        code="CRYPTODATADOWNLOAD",
        matches=lambda look: "cryptodatadownload" in look.preamble.casefold(),
        tz="UTC",
        stamp_guess=("open", "CryptoDataDownload writes the start of each bar"),
        asset_class="crypto",
    ),
    Layout(
        name="Barchart",
        code="BARCHART",
        matches=lambda look: (
            "barchart" in (look.preamble + look.footer).casefold()
            or _has(look, "time", "open", "high", "low", "change", "volume")
        ),
        tz_guess=("America/Chicago", "Barchart writes the zone of the exchange, mostly Chicago"),
    ),
    Layout(
        name="Investing.com",
        code="INVESTING",
        matches=lambda look: (
            len(look.header) in {6, 7} and _has(look, "date", "price", "open", "high", "low")
        ),
    ),
    Layout(
        name="Nasdaq",
        code="NASDAQ",
        matches=lambda look: _raw(look, "date", "close/last", "open", "high", "low"),
    ),
    Layout(
        name="Quandl",
        code="QUANDL",
        matches=lambda look: _has(look, "ex dividend", "split ratio"),
    ),
    Layout(
        name="Yahoo Finance",
        code="YAHOO",
        matches=lambda look: (
            _has(look, *_DAILY_WORDS) and bool({"adj close", "adjclose"} & set(look.words))
        ),
    ),
    Layout(
        name="Google Finance",
        code="GOOGLE",
        matches=lambda look: (
            _starts(look, *_DAILY_WORDS) and _cell(look, 0, r"\d{1,2}-[A-Z][a-z]{2}-\d{2}")
        ),
    ),
)
