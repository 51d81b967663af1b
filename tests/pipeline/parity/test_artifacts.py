"""JSON artifacts."""

import polars as pl
import pytest

from hewston.pipeline.parity.readers import place
from hewston.pipeline.schemas import LISTED_TRADES
from tests.pipeline.parity.uploads import artifact, read, refusal


def test_an_artifact_gives_series_and_trades_first_in_first_out(tmp_path):
    upload = read(tmp_path, artifact(), "cross.json")
    bridge = place(upload)
    assert (upload.kind, bridge.zone, bridge.notes) == ("json", "UTC", ("By hand.",))
    assert bridge.series is not None
    assert bridge.trades is not None
    assert bridge.series["fast"].to_list() == [1.5, None]
    assert bridge.series["slow"].to_list() == [2, None]
    assert bridge.trades["qty"].to_list() == [1, 1]
    assert bridge.trades["net_pnl"].to_list() == [1, None]
    assert bridge.trades.schema == pl.Schema(LISTED_TRADES)


EVENT = {"timestamp": 1672639200, "side": "long_entry", "price": 10, "qty": 2, "reason": None}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ...}, "name"),
        ({"name": 5}, "name"),
        ({"symbol": "\ud800"}, "symbol"),
        ({"colour": 1}, "colour"),
        ({"indicator_series": {}}, "indicator_series"),
        ({"indicator_series": [], "trade_events": []}, "indicator_series"),
        ({"trade_events": [EVENT | {"side": "buy"}]}, "trade_events[0].side"),
        ({"trade_events": [EVENT | {"qty": 0}]}, "trade_events[0].qty"),
        ({"trade_events": [EVENT | {"price": True}]}, "trade_events[0].price"),
        (
            {"trade_events": [EVENT | {"timestamp": "2023-01-02T06:00:00"}]},
            "trade_events[0].timestamp",
        ),
        ({"trade_events": [EVENT, EVENT | {"side": "short_exit"}]}, "trade_events[1]"),
        (
            {"indicator_series": [{"name": "a", "values": [{"timestamp": 1672639200}]}]},
            "indicator_series[0].values[0].value",
        ),
        (
            {
                "indicator_series": [
                    {"name": "a", "values": [{"timestamp": 1672639200, "value": float("inf")}]}
                ]
            },
            "indicator_series[0].values[0].value",
        ),
    ],
)
def test_an_artifact_is_refused_by_the_path_of_its_field(tmp_path, changes, field):
    assert refusal(tmp_path, artifact(**changes), "cross.json").details["field"] == field


@pytest.mark.parametrize(
    "text", ["{", '{"name": 1, "name": 2}', "[" * 100_000, '[{"a": 1}]', '{"a":' + "9" * 5000 + "}"]
)
def test_what_is_no_artifact_is_refused(tmp_path, text):
    refusal(tmp_path, text, "cross.json")
