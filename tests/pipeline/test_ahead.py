"""Many files, several at once: the same bytes whatever the number of workers and their timing."""

import datetime as dt
import hashlib
import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from hewston.pipeline.errors import CancelledError, InputError
from hewston.pipeline.ingest import Derivation, derive_dbn
from hewston.pipeline.ingest.ahead import Meter, in_order
from hewston.pipeline.store import json_text
from tests.pipeline.dbnfiles import DAY, Meta, Print, write_dbn

SYMBOLS = {"AAA": 7, "BBB": 8, "CCC": 9}
WORKERS = (1, 2, 4)
DERIVE = """
import hashlib, json, sys
from pathlib import Path
from hewston.pipeline.ingest import derive_dbn
from tests.pipeline.test_ahead import describe
given, staging, workers = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
print(describe(derive_dbn([given], staging=staging, workers=workers)))
"""


def write_days(folder: Path, days: int = 4) -> Path:
    """Write TRADES and TBBO of three symbols on several days, of very different sizes."""
    folder.mkdir()
    for number in range(days):
        day = DAY + dt.timedelta(days=number)
        for symbol, own in SYMBOLS.items():
            for schema in ("trades", "tbbo"):
                meta = Meta(
                    schema=schema,
                    symbols={symbol: own},
                    start=day,
                    end=day + dt.timedelta(days=1),
                )
                chance = random.Random(f"{number}{symbol}")
                prints = [
                    Print(
                        at=number * 86_400 + at,
                        price=100 + chance.randint(-50, 50) / 100,
                        size=chance.randint(1, 900),
                        side=chance.choice("ABN"),
                        instrument_id=own,
                        sequence=at,
                    )
                    for at in range(0, own * 100 * (1 + number % 3), 3)
                ]
                write_dbn(folder / f"{day}.{symbol}.{schema}.dbn.zst", prints, meta)
    return folder


def describe(derivation: Derivation) -> str:
    """Say all that came of a derivation, byte for byte."""
    parts = [
        {
            **{name: str(value) for name, value in vars(draft).items() if name != "bars"},
            "bytes": hashlib.sha256(draft.bars.read_bytes()).hexdigest(),
            "quality": json_text(draft.quality),
        }
        for draft in derivation.drafts
    ]
    return json.dumps([parts, [vars(one) for one in derivation.left_out]], sort_keys=True)


def test_the_number_of_workers_does_not_show(tmp_path):
    given = write_days(tmp_path / "given")
    (given / "again.dbn.zst").write_bytes(next(given.glob("*.dbn.zst")).read_bytes())
    made = {
        workers: describe(
            derive_dbn([given], staging=tmp_path / f"staging{workers}", workers=workers)
        )
        for workers in WORKERS
    }
    assert len(json.loads(made[1])[0]) == len(SYMBOLS)
    assert "it is the same file as" in made[1]
    assert made[1] == made[2] == made[4]


@pytest.mark.slow
def test_another_process_and_another_timing_do_not_show(tmp_path):
    given = write_days(tmp_path / "given", days=2)
    words = [sys.executable, "-c", DERIVE, str(given)]
    others = [
        subprocess.Popen(
            [*words, str(tmp_path / f"other{workers}"), str(workers)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for workers in (2, 3)  # both at the same time, so that they get in each other's way
    ]
    made = describe(derive_dbn([given], staging=tmp_path / "staging", workers=1))
    assert [other.communicate(timeout=120)[0].strip() for other in others] == [made, made]


@pytest.mark.parametrize("workers", WORKERS)
def test_the_earliest_file_that_is_damaged_is_the_one_named(tmp_path, workers):
    given = write_days(tmp_path / "given")
    late, early = f"{DAY + dt.timedelta(days=3)}.AAA.trades", f"{DAY}.CCC.tbbo"
    for name in (late, early):  # cut behind what the first look reads
        path = given / f"{name}.dbn.zst"
        meta = Meta(schema=name.rpartition(".")[2], symbols={"AAA": 7, "CCC": 9})
        own = 9 if name is early else 7
        start = 0 if name is early else 3 * 86_400
        prints = [Print(at=start + n, instrument_id=own, sequence=n) for n in range(30_000)]
        write_dbn(path, prints, meta, plain=True)
        path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(InputError) as raised:
        derive_dbn([given], staging=tmp_path / "staging", workers=workers)
    assert raised.value.details["file"] == f"{early}.dbn.zst"


@pytest.mark.parametrize("workers", WORKERS)
def test_a_cancellation_ends_all_files_and_leaves_no_thread(tmp_path, workers):
    given = write_days(tmp_path / "given")
    told: list[Mapping[str, object]] = []

    def cancel(state: Mapping[str, object]) -> None:
        told.append(state)
        if state["day"]:  # copying is over
            raise CancelledError("Stop.")

    before = threading.active_count()
    with pytest.raises(CancelledError, match=r"^Stop\.$"):
        derive_dbn([given], staging=tmp_path / "staging", workers=workers, progress=cancel)
    assert threading.active_count() == before
    assert sum(state["day"] is not None for state in told) == 1


@pytest.mark.parametrize("workers", WORKERS)
def test_progress_grows_and_is_told_by_one_thread_at_a_time(tmp_path, workers):
    given = write_days(tmp_path / "given")
    shares: list[Any] = []
    listening = threading.Lock()

    def listen(state: Mapping[str, object]) -> None:
        assert listening.acquire(blocking=False), "two threads tell at once"
        shares.append(state["share"])
        time.sleep(0)  # let another thread run
        listening.release()

    derive_dbn([given], staging=tmp_path / "staging", workers=workers, progress=listen)
    assert shares == sorted(shares)
    assert 0 < shares[0] < shares[-1] <= 1


def test_no_more_files_are_begun_than_are_needed_ahead():
    begun: list[int] = []
    meter = Meter(total_bytes=1, progress=lambda _state: None)

    def work(item: int) -> int:
        begun.append(item)
        return item

    with in_order(work, range(100), workers=2, meter=meter) as results:
        assert [next(results) for _ in range(3)] == [0, 1, 2]
    assert max(begun) <= 3 + 2 * 2


def test_the_first_in_order_that_fails_raises_and_the_others_end():
    ended, begun, failed = threading.Event(), threading.Event(), threading.Event()
    meter = Meter(total_bytes=1, progress=lambda _state: None)

    def work(item: int) -> int:
        if item == 1:  # fails first in time, not in order
            failed.set()
            raise ValueError(item)
        assert failed.wait(10)
        if item == 0:
            assert begun.wait(10)
            raise ValueError(item)
        begun.set()
        try:
            while True:
                meter.tell(str(item), consumed=0)
                time.sleep(0.001)
        except CancelledError:
            ended.set()
            raise

    with (
        pytest.raises(ValueError, match=r"^0$"),
        in_order(work, range(4), workers=4, meter=meter) as results,
    ):
        list(results)
    assert ended.is_set()
