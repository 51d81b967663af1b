"""A board against an earlier one."""

import json
from typing import Any

import pytest

from hewston.pipeline.parity.board import Row, add_up, find_changes


def row(name: str, **values) -> Row:
    given: dict[str, Any] = {
        "trades": 10,
        "matched": 10,
        "verdict": "aligned",
        "source_sha256": "a" * 64,
    }
    return Row(name=name, **(given | values))


FAILED = {"matched": 0, "verdict": "not_comparable", "problem": "The strategy failed."}


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ({"matched": 9}, {"matched": 10}, "better"),
        ({"matched": 10}, {"matched": 9}, "worse"),
        ({"extra": 0}, {"extra": 1}, "worse"),
        ({"matched": 9, "extra": 3}, {"matched": 10, "extra": 5}, "better"),
        (FAILED, {"matched": 0, "verdict": "diverged"}, "better"),
        ({"matched": 1, "verdict": "diverged"}, FAILED, "worse"),
        ({"trades": 10, "matched": 5}, {"trades": 20, "matched": 11}, "better"),
        ({"trades": 10}, {"trades": 20, "matched": 20}, "changed"),
        ({"cause": "zone"}, {"cause": "fill_clock"}, "changed"),
        ({}, {"source_sha256": "b" * 64}, None),
        ({}, {}, None),
    ],
)
def test_a_pair_is_better_or_worse_by_the_share_of_trades_that_match(before, after, kind) -> None:
    found = find_changes([row("a", **before)], [row("a", **after)])
    assert [change.kind for change in found] == ([] if kind is None else [kind])


def test_the_worst_comes_first_and_new_and_gone_pairs_last() -> None:
    before = [row("better", matched=1), row("gone"), row("same"), row("worse")]
    after = [row("better"), row("new"), row("same"), row("worse", matched=3)]
    found = find_changes(before, after)
    assert [(one.kind, one.name) for one in found] == [
        ("worse", "worse"),
        ("better", "better"),
        ("new", "new"),
        ("gone", "gone"),
    ]


def test_a_change_says_whether_its_files_are_others() -> None:
    after = row("a", matched=3, source_sha256="b" * 64)
    (change,) = find_changes([row("a")], [after])
    assert change.is_other_source
    assert not change.is_other_list


def test_rows_survive_their_json() -> None:
    whole = row("a", class_="python_implementation", cause="offset", notes=("x",), zone="UTC")
    said = json.loads(json.dumps(whole.as_json()))
    assert said["class"] == "python_implementation"
    assert said["pct"] == 100.0
    assert Row.from_json(said) == whole


def test_totals_count_trades_of_pairs_that_failed_too() -> None:
    totals = add_up(
        [row("a"), row("b", matched=4, extra=2, verdict="diverged"), row("c", **FAILED)]
    )
    assert totals.as_counts() == {
        "pairs": 3,
        "trades": 30,
        "matched": 14,
        "extra": 2,
        "aligned": 1,
        "not_comparable": 1,
    }
