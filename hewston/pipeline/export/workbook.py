"""Excel workbooks (Office Open XML, ECMA-376) of one sheet, written column by column.

A cell needs no address of its own, so that rows are texts that polars joins: a million bars take
seconds and the memory of a part. Nothing in the file tells when it was made.
"""

import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import polars as pl
import polars.selectors as cs

MOST_ROWS = 1_048_575  # of a sheet, below its header
_PART_ROWS = 32_768
_FAST = 1  # of zlib: a third of the time for a fifth more bytes
_MADE = (1980, 1, 1, 0, 0, 0)  # the first time that a zip file can name
_EPOCH_DAYS = 25_569.0  # from Excel's day 0, 1899-12-30, to 1970-01-01
_DAY_US = 86_400_000_000
_NOT_XML = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x{fffe}\x{ffff}]"  # what XML 1.0 cannot hold
_DATED, _BOLD, _QUOTED = 1, 2, 3  # cell formats of _STYLES, by number

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_TYPES = (
    f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_KIND}.worksheet+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_KIND}.styles+xml"/></Types>'
)
_ROOT = (
    f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
    f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
)
_BOOK = (
    f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
    '<sheet name="{sheet}" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
_PARTS = (
    f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>'
)
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}">'
    '<numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="4"><xf xfId="0"/><xf numFmtId="164" applyNumberFormat="1" xfId="0"/>'
    '<xf fontId="1" applyFont="1" xfId="0"/><xf quotePrefix="1" xfId="0"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>"
)
_SHEET = (
    f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView>'
    "</sheetViews><cols>{columns}</cols><sheetData><row>{header}</row>"
)


def write_workbook(frame: pl.DataFrame, path: Path, *, sheet: str, tz: str) -> None:
    """Write a frame of numbers, times (UTC) and texts as a sheet below a header.

    Times become Excel's own, of the zone ``tz`` that the header names; what is null, NaN or
    infinite is an empty cell; a text is a text, whatever it begins with.
    """
    header = {
        name: f"{name} ({tz})" if isinstance(kind, pl.Datetime) else name
        for name, kind in frame.schema.items()
    }
    columns = "".join(
        f'<col min="{number}" max="{number}" width="{max(len(title) + 2, 12)}" customWidth="1"/>'
        for number, title in enumerate(header.values(), 1)
    )
    titles = "".join(
        f'<c t="inlineStr" s="{_BOLD}"><is><t>{escape(title)}</t></is></c>'
        for title in header.values()
    )
    with zipfile.ZipFile(path, "w") as book:
        for name, text in (
            ("[Content_Types].xml", _TYPES),
            ("_rels/.rels", _ROOT),
            ("xl/workbook.xml", _BOOK.format(sheet=escape(sheet, {'"': "&quot;"}))),
            ("xl/_rels/workbook.xml.rels", _PARTS),
            ("xl/styles.xml", _STYLES),
        ):
            book.writestr(_name(name), text)
        with book.open(_name("xl/worksheets/sheet1.xml"), "w", force_zip64=True) as rows:
            rows.write(_SHEET.format(columns=columns, header=titles).encode())
            for part in frame.iter_slices(_PART_ROWS):
                rows.write("".join(_join_cells(part, tz)).encode())
            rows.write(b"</sheetData></worksheet>")


def _name(part: str) -> zipfile.ZipInfo:
    """Name a part of the file, with a time that is always the same."""
    named = zipfile.ZipInfo(part, _MADE)
    named.compress_type = zipfile.ZIP_DEFLATED
    named._compresslevel = _FAST  # type: ignore[attr-defined]  # noqa: SLF001 (public from 3.13 on)
    named.create_system = 0  # the same on every system
    return named


def _join_cells(part: pl.DataFrame, tz: str) -> pl.Series:
    """Give the XML of each row."""
    local = cs.datetime().dt.convert_time_zone(tz).dt.replace_time_zone(None)
    days = local.dt.timestamp("us") / _DAY_US + _EPOCH_DAYS
    plain = part.with_columns(cs.numeric().cast(pl.Float64), days)
    cells = [
        _write_number(pl.col(name), style=f' s="{_DATED}"' if kind.is_temporal() else "")
        if kind.is_numeric() or kind.is_temporal()
        else _write_text(pl.col(name).cast(pl.String))
        for name, kind in part.schema.items()
    ]
    return plain.select(
        pl.concat_str(pl.lit("<row>"), *cells, pl.lit("</row>")).alias("row")
    ).to_series()


def _write_number(value: pl.Expr, *, style: str) -> pl.Expr:
    cell = pl.concat_str(pl.lit(f"<c{style}><v>"), value.cast(pl.String), pl.lit("</v></c>"))
    return pl.when(value.is_finite()).then(cell).otherwise(pl.lit("<c/>"))


def _write_text(value: pl.Expr) -> pl.Expr:
    safe = value.str.replace_all(_NOT_XML, "\N{REPLACEMENT CHARACTER}")
    for sign, name in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        safe = safe.str.replace_all(sign, name, literal=True)
    start = f'<c t="inlineStr" s="{_QUOTED}"><is><t xml:space="preserve">'
    cell = pl.concat_str(pl.lit(start), safe, pl.lit("</t></is></c>"))
    return pl.when(value.is_not_null()).then(cell).otherwise(pl.lit("<c/>"))
