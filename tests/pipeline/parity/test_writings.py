"""However a list of trades is written, its trades are the same."""

import contextlib
import dataclasses
import datetime as dt
import random
from pathlib import Path

import openpyxl
import pytest

from hewston.pipeline.errors import InputError
from hewston.pipeline.parity.readers import Upload, read_upload
from tests.pipeline.parity.writings import (
    CHOICES,
    LANGUAGES,
    Listed,
    Writing,
    make_trades,
    write,
)

TRADES = make_trades()
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)


def read(folder: Path, data: bytes) -> Upload:
    path = folder / "given"
    path.write_bytes(data)
    return read_upload(path, filename="list.csv")


def expect(upload: Upload, trades: list[Listed], *, days: bool = False) -> None:
    """Tell whether these trades were read, of which the last is open."""
    assert upload.trades is not None
    found = upload.trades.to_dict(as_series=False)
    *done, held = trades

    def at(name: str) -> list[object]:
        moments = [getattr(one, name) for one in trades]
        return [one.replace(hour=0, minute=0) if days else one for one in moments]

    assert found["side"] == ["LONG" if one.is_long else "SHORT" for one in trades]
    assert found["entry_ts"] == at("begin")
    assert found["exit_ts"] == [*at("end")[:-1], None]
    assert found["entry_price"] == [one.entry for one in trades]
    assert found["exit_price"] == [*(one.last for one in done), None]
    assert found["qty"] == [one.qty for one in trades]
    assert found["net_pnl"] == [*(one.pnl for one in done), None]
    assert found["mfe"] == [one.best for one in trades]
    assert found["mae"] == [-one.worst for one in trades]
    assert held.is_open


def list_writings(language: str, count: int) -> list[Writing]:
    """Draw ways of writing, and each way once."""
    rng = random.Random(language)
    alone = [
        Writing(**{"language": language, name: value})  # type: ignore[arg-type]
        for name, values in CHOICES.items()
        if name != "language"
        for value in dict.fromkeys(values)
    ]
    drawn = [
        Writing(**{name: rng.choice(values) for name, values in CHOICES.items()})  # type: ignore[arg-type]
        for _ in range(count)
    ]
    return [*rng.sample(alone, 8), *drawn]


@pytest.mark.parametrize("language", LANGUAGES)
def test_however_a_list_is_written_its_trades_are_the_same(tmp_path, language):
    read_count = 0
    for how in list_writings(language, 8):
        try:
            data = write(TRADES, how)
        except UnicodeEncodeError:  # an old encoding has no such sign
            continue
        try:
            expect(read(tmp_path, data), TRADES, days="%H" not in how.form and "%I" not in how.form)
        except (AssertionError, InputError) as problem:
            pytest.fail(f"{how}: {problem}")
        read_count += 1
    assert read_count >= 8


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_few_trades_tell_as_much(tmp_path, count, decimal, delimiter):
    trades = make_trades(count)
    for language in ("english", "russian"):
        how = Writing(decimal=decimal, delimiter=delimiter, language=language, group="thousands")
        expect(read(tmp_path, write(trades, how)), trades)


def test_a_wide_minus_and_brackets_are_below_zero(tmp_path):
    wide = Writing(minus="\uff0d", language="japanese", encoding="own")
    expect(read(tmp_path, write(TRADES, wide)), TRADES)
    lines = [
        ",".join(f"({cell[1:]})" if cell.startswith("-") else cell for cell in line.split(","))
        for line in write(TRADES, Writing()).decode().splitlines()
    ]
    assert any("(" in line for line in lines[1:])
    expect(read(tmp_path, "\n".join(lines).encode()), TRADES)


def test_what_a_person_wrote_above_the_header_is_passed_over(tmp_path):
    above = b"My strategy; of May\n\nexported by hand, twice\n"
    for delimiter in (",", ";"):
        expect(read(tmp_path, above + write(TRADES, Writing(delimiter=delimiter))), TRADES)
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["My strategy"])
    sheet.append([])
    for line in write(TRADES, Writing(delimiter="\t")).decode().splitlines():
        sheet.append([_typed(cell) for cell in line.split("\t")])
    book.save(tmp_path / "list.xlsx")
    expect(read(tmp_path, (tmp_path / "list.xlsx").read_bytes()), TRADES)


def _typed(cell: str) -> str | float:
    try:
        return float(cell)
    except ValueError:
        return cell


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda lines: [*lines, lines[0]], ("row 30", "column Price USD")),
        (lambda lines: [*lines, "Total" + "," * 16], ("row 30", "column Trade number")),
        (lambda lines: [*lines[:5], lines[5].replace("2024", "soon"), *lines[6:]], ("row 6",)),
        (lambda lines: [*lines[:5], lines[5].replace("2024", "20x4"), *lines[6:]], ("row 6",)),
    ],
)
def test_what_cannot_be_read_is_named_with_its_row(tmp_path, change, words):
    lines = write(TRADES, Writing()).decode().splitlines()
    with pytest.raises(InputError) as refusal:
        read(tmp_path, "\n".join(change(lines)).encode())
    for word in ("list.csv", *words):
        assert word in refusal.value.message


@pytest.mark.parametrize("form", ["%d/%m/%Y", "%m/%d/%Y", "%d/%m/%Y %H:%M"])
def test_days_that_may_be_months_are_asked_for_and_never_guessed(tmp_path, form):
    """Eight days of December go on as evenly as eight months would."""
    first = dt.datetime(2024, 12, 4, 9, 30)
    trades = [
        dataclasses.replace(one, begin=first + dt.timedelta(days=at), end=first + at * DAY + HOUR)
        for at, one in enumerate(make_trades(8))
    ]
    for order in ("exit first", "descending"):
        with pytest.raises(InputError) as refusal:
            read(tmp_path, write(trades, Writing(form=form, order=order)))
        assert refusal.value.details["field"] == "date_order"
        assert refusal.value.details["allowed"] == ["dmy", "mdy"]


def test_times_that_go_one_way_tell_the_order(tmp_path):
    starts = [dt.datetime(2024, month, day, 9) for month in (1, 2, 3) for day in (2, 7, 11)]
    trades = [
        dataclasses.replace(one, begin=begin, end=begin + HOUR)
        for begin, one in zip(starts, make_trades(9), strict=True)
    ]
    for form in ("%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M"):
        expect(read(tmp_path, write(trades, Writing(form=form))), trades)


def test_dates_that_a_spreadsheet_read_in_part_are_refused(tmp_path):
    """It makes dates of what it can, with day and month changed, and leaves the rest as text."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for line in write(TRADES, Writing(delimiter="\t", form="%d/%m/%Y %H:%M")).decode().splitlines():
        cells: list[object] = [_typed(cell) for cell in line.split("\t")]
        with contextlib.suppress(ValueError):
            cells[2] = dt.datetime.strptime(str(cells[2]), "%m/%d/%Y %H:%M")
        sheet.append(cells)
    book.save(tmp_path / "list.xlsx")
    with pytest.raises(InputError, match="some of its times are dates and others are texts"):
        read(tmp_path, (tmp_path / "list.xlsx").read_bytes())
