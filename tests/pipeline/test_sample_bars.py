"""The sample's bars, derived twice: by the product and, slowly, one record at a time."""

from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from hewston.pipeline.ingest import DatasetDraft, derive_dbn
from hewston.pipeline.schemas import BARS
from tests.pipeline import slow_derivation


@pytest.fixture(scope="module")
def draft(sample_year: Path, tmp_path_factory: pytest.TempPathFactory) -> DatasetDraft:
    derivation = derive_dbn([sample_year], staging=tmp_path_factory.mktemp("staging"))
    assert derivation.left_out == ()
    (draft,) = derivation.drafts
    return draft


def test_the_bars_of_the_sample_are_those_of_a_slow_derivation_in_every_column(
    sample_year: Path, draft: DatasetDraft
) -> None:
    slow = pl.DataFrame(
        slow_derivation.derive(
            sorted(sample_year.glob("*.trades.dbn.zst")), sorted(sample_year.glob("*.tbbo.dbn.zst"))
        ),
        schema=BARS,
    )
    assert slow.height > 130_000
    assert_frame_equal(pl.read_parquet(draft.bars), slow, check_exact=True)


def test_one_kind_of_file_alone_gives_the_same_prints(
    sample_year: Path, draft: DatasetDraft, tmp_path: Path
) -> None:
    quotes = [name for name in BARS if name.startswith(("bid_", "ask_", "spread_"))]
    november = pl.col("ts_open").dt.strftime("%Y-%m") == "2023-11"
    bars = pl.read_parquet(draft.bars).filter(november)
    for schema, expected in (
        ("trades", bars.with_columns(pl.lit(None, pl.Float64).alias(name) for name in quotes)),
        ("tbbo", bars),
    ):
        (path,) = sample_year.glob(f"*-20231101-*.{schema}.dbn.zst")
        (alone,) = derive_dbn([path], staging=tmp_path / schema).drafts
        assert_frame_equal(pl.read_parquet(alone.bars), expected, check_exact=True)


def test_the_dataset_is_the_whole_year_of_the_instrument_in_the_definitions(
    draft: DatasetDraft,
) -> None:
    assert (draft.symbol, draft.venue_code) == ("DEMO", "XNAS.ITCH")
    assert (draft.from_date.isoformat(), draft.to_date.isoformat()) == ("2023-01-01", "2023-12-31")
    assert draft.whole_year
    assert draft.products == ("TRADES", "TBBO")
    assert (draft.instrument.asset_class, draft.instrument.currency) == ("equity", "USD")
    assert (draft.instrument.tick_size, draft.instrument.lot) == (0.01, 1.0)
    assert draft.tz == "America/New_York"
    assert len(draft.raw_files) >= 24
