"""Whether files are market data in DBN, or tables of bars."""

import re
from collections.abc import Sequence
from typing import Literal

from hewston.pipeline.errors import InputError
from hewston.pipeline.ingest.files import SUFFIXES, Given

Kind = Literal["dbn", "table"]
TABLE_NAME = re.compile(
    r"\.(csv|tsv|txt|prn|xlsx|xlsm|parquet|pq|gz|zip|bz2|xz|csv\.zst|txt\.zst)$", re.IGNORECASE
)
_SURELY_TABLE = re.compile(
    r"\.(csv|tsv|xlsx|xlsm|parquet|pq)(\.(gz|zip|bz2|xz|zst))?$", re.IGNORECASE
)
_ZST = re.compile(r"\.zst$", re.IGNORECASE)
_MAGIC = b"DBN"


def sort_files(given: Sequence[Given]) -> tuple[Kind, list[Given]]:
    """Tell what kind of files these are, and which of them are read.

    A file named by itself that is not DBN is a table; of a folder, what its name says to be one.
    Notes beside files in DBN stay: the ingest lists them as left out. Raises InputError for files
    of both kinds.
    """
    ticks = [one for one in given if _is_dbn(one)]
    tables = [one for one in given if one not in ticks and _is_table(one)]
    sure = [one for one in tables if _SURELY_TABLE.search(one.path.name)]
    if ticks and sure:
        raise InputError(
            f"{ticks[0].name} is in DBN and {sure[0].name} is a table. Bring them in one kind at a "
            "time.",
            field="files",
            file=sure[0].name,
        )
    return ("dbn", list(given)) if ticks or not tables else ("table", tables)


def _is_dbn(one: Given) -> bool:
    name = one.path.name.lower()
    if name.endswith(SUFFIXES):
        return True
    if TABLE_NAME.search(name) or not one.path.is_file():
        return False
    if one.alone and _ZST.search(name):
        return True
    try:
        with one.path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


def _is_table(one: Given) -> bool:
    return one.alone or bool(TABLE_NAME.search(one.path.name))
