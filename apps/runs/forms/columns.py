"""The columns that a list of runs can show."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.template import Context
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from apps.permissions.templatetags import figures
from apps.runs.forms.entry import CHOICES
from apps.runs.models import Run
from hewston.pipeline.metrics import METRICS
from hewston.pipeline.metrics.metric import Metric

Write = Callable[[Run, Context], object]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Column:
    """One column: its header, how a run's cell reads, and by which name it is sorted, if it is."""

    key: str
    label: str
    group: str
    write: Write = dataclasses.field(repr=False)
    order: str = ""
    kind: str = ""  # class of its cells
    hint: str = ""


def write_params(params: Mapping[str, object]) -> str:
    """Write a strategy's parameters in one line."""
    return " · ".join(f"{name} {figures.shown(value)}" for name, value in params.items())


def write_costs(costs: Mapping[str, Any]) -> str:
    """Write what a fill costs in one line, with units."""
    words = [f"{figures.quantity(costs['k_spread'])} \N{MULTIPLICATION SIGN} spread"]
    if costs["slippage_ticks"]:
        words.append(f"{figures.quantity(costs['slippage_ticks'])} ticks")
    words.append(f"{figures.quantity(costs['fees_bps'])} bps")
    if costs["fee_per_unit"]:
        words.append(f"{figures.quantity(costs['fee_per_unit'])} a unit")
    return " + ".join(words)


def _write_strategy(run: Run, _context: Context) -> object:
    params = write_params(run.spec["params"])
    return format_html('{} <span class="muted">{}</span>', run.strategy_id, params)


def _write_status(run: Run, _context: Context) -> object:
    tone, label = figures.tone(run.status), run.get_status_display()
    return format_html('<span class="badge" data-tone="{}">{}</span>', tone, label)


def _write_moment(name: str) -> Write:
    # A list of many datasets has one zone, not one a row.
    return lambda run, context: figures.moment(context, getattr(run, name))


def _of_spec(name: str) -> Write:
    return lambda run, _context: figures.shown(run.spec.get(name))


def _of_figure(metric: Metric) -> Write:
    def write(run: Run, _context: Context) -> object:
        found = getattr(run, "metrics", None)
        value = getattr(found, metric.key, None)
        if metric.key == "max_drawdown":
            return figures.figure(figures.negative(value), "fraction")
        text = figures.figure(value, metric.unit, run.spec["instrument"]["currency"])
        if metric.key == "net_profit":
            return figures.signed(text, value)
        return figures.plus(text, value) if metric.group == "return" else text

    return write


def _write_choice(name: str) -> Write:
    return lambda run, _context: CHOICES.get(run.spec[name], run.spec[name])


def _write_range(run: Run, _context: Context) -> object:
    first = run.first_date or run.dataset.from_date
    last = run.last_date or run.dataset.to_date
    return f"{first} {figures.DASH} {last}"


_OF_RUN = (
    Column(
        key="strategy",
        label="Strategy",
        group="Run",
        order="strategy",
        kind="id",
        write=_write_strategy,
    ),
    Column(
        key="dataset",
        label="Dataset",
        group="Run",
        order="dataset",
        kind="id",
        write=lambda run, _context: run.dataset_id,
    ),
    Column(
        key="symbol",
        label="Symbol",
        group="Run",
        write=lambda run, _context: run.spec["symbol"],
    ),
    Column(key="status", label="Status", group="Run", order="status", write=_write_status),
    Column(
        key="created",
        label="Created",
        group="Run",
        order="created",
        kind="num",
        write=_write_moment("created_at"),
    ),
    Column(key="ended", label="Ended", group="Run", kind="num", write=_write_moment("ended_at")),
    Column(
        key="duration",
        label="Took",
        group="Run",
        kind="num",
        hint="From when a worker took it to its end",
        write=lambda run, _context: figures.duration(run.duration_ms),
    ),
    Column(
        key="range",
        label="Range",
        group="Setting",
        hint="Exchange dates, both inclusive",
        write=_write_range,
    ),
    Column(key="interval", label="Interval", group="Setting", write=_of_spec("interval")),
    Column(key="session", label="Session", group="Setting", write=_write_choice("session")),
    Column(
        key="fill_clock",
        label="Fill clock",
        group="Setting",
        hint="When a signal's order fills",
        write=_write_choice("fill_clock"),
    ),
    Column(
        key="size",
        label="Size",
        group="Setting",
        kind="num",
        hint="How much a target of 1 holds",
        write=lambda run, _context: figures.quantity(run.spec["size"]),
    ),
    Column(key="sizing", label="Sizing", group="Setting", write=_of_spec("sizing")),
    Column(
        key="starting_cash",
        label="Starting cash",
        group="Setting",
        kind="num",
        write=lambda run, _context: figures.money(
            run.spec["starting_cash"], run.spec["instrument"]["currency"]
        ),
    ),
    Column(
        key="max_leverage",
        label="Most leverage",
        group="Setting",
        kind="num",
        hint="Times equity",
        write=lambda run, _context: figures.quantity(run.spec["max_leverage"]),
    ),
    Column(
        key="costs",
        label="Costs",
        group="Setting",
        hint="What each side of a trade pays",
        write=lambda run, _context: write_costs(run.spec["slippage_fees"]),
    ),
    Column(
        key="seed",
        label="Seed",
        group="Setting",
        kind="num",
        write=_of_spec("seed"),
    ),
)
_GROUPS = {"return": "Return", "risk": "Risk", "trades": "Trades", "costs": "Costs"}
COLUMNS: dict[str, Column] = {
    column.key: column
    for column in (
        *_OF_RUN,
        *(
            Column(
                key=metric.key,
                label=metric.label,
                group=_GROUPS[metric.group],
                order=metric.key,
                kind="num",
                write=_of_figure(metric),
            )
            for metric in METRICS.values()
        ),
    )
}
DEFAULT_COLUMNS = (
    *("strategy", "dataset", "status", "created", "net_profit", "total_return"),
    *("max_drawdown", "sharpe", "profit_factor", "hit_rate", "trades"),
)


def write_cells(columns: Iterable[Column], run: Run, context: Context) -> SafeString:
    """Write a run's row, a cell a column."""
    cells = ((column.kind, column.write(run, context)) for column in columns)
    return format_html_join("", '<td class="{}">{}</td>', cells)


def group_columns(chosen: list[Column]) -> list[tuple[str, list[tuple[Column, bool]]]]:
    """Give every column by its group, and whether it is chosen."""
    groups: dict[str, list[tuple[Column, bool]]] = {}
    for column in COLUMNS.values():
        groups.setdefault(column.group, []).append((column, column in chosen))
    return list(groups.items())
