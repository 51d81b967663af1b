"""How the table behind a dataset was read, as its page shows it."""

from collections.abc import Mapping
from typing import Any

from apps.datasets.forms.setting import ROLE_WORDS, write_said
from hewston.pipeline.ingest.tables.options import flatten_options
from hewston.pipeline.sources.tables.plan import DELIMITER_NAMES, Plan

_STAMPS = {"open": "a bar's start", "close": "a bar's end"}


def describe_reading(manifest: Mapping[str, Any]) -> dict[str, object] | None:
    """Say what was said and found of the table of a manifest; None where it is of no table."""
    options = manifest.get("options") or {}
    if not options.get("reading"):
        return None
    plan = Plan.from_json(options["reading"][0])
    said = flatten_options(
        {**options, "table": options["answers"], "venue": None, "calendar": None}
    )
    return {
        "layout": plan.layout,
        "files": len(options["reading"]),
        "facts": {name: value for name, value in _list_facts(plan).items() if value},
        "columns": [
            (ROLE_WORDS.get(role, role), " and ".join(plan.names[index] for index in where))
            for role, where in sorted(plan.columns.items(), key=lambda pair: pair[1])
        ],
        "said": [(name, write_said(name, value)) for name, value in sorted(said.items())],
    }


def _list_facts(plan: Plan) -> dict[str, object]:
    header = f"line {plan.header_line:,}" if plan.header_line else "none"
    decimal = "comma" if plan.decimal in {",", "comma"} else "point"
    delimiter = plan.delimiter
    return {
        "Kind": plan.kind,
        "File in the archive": plan.member,
        "Sheet": plan.sheet,
        "Encoding": plan.encoding,
        "Delimiter": DELIMITER_NAMES.get(delimiter, delimiter) if delimiter else None,
        "Header": "in the file" if plan.kind == "parquet" else header,
        "Decimal mark": decimal if plan.kind == "text" else None,
        "Times": plan.time_form.describe(),
        "Zone": plan.tz or ("as the times say" if plan.time_form.is_aware else "dates alone"),
        "A time is": _STAMPS[plan.stamp],
    }
