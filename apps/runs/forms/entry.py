"""The words beside the fields of the form that asks for a run."""

WORDS: dict[str, tuple[str, str, str]] = {  # of an option: label, unit, help
    "from": ("From", "exchange date", "The first day that is traded, inclusive."),
    "to": ("To", "exchange date", "The last day that is traded, inclusive."),
    "interval": ("Interval", "", "The length of a bar; longer ones are made of the dataset's."),
    "session": ("Session", "", "Regular hours; extended adds pre and post; all is every bar."),
    "fill_clock": (
        "Fill clock",
        "",
        "When an order is filled: at the next bar's open, or at the close of the signal's bar.",
    ),
    "limit_gap": (
        "Limit at a gap",
        "",
        "Where a limit fills that a bar opens beyond: at that better open, or at its own price.",
    ),
    "sizing": (
        "Sizing",
        "",
        "What size counts: units; percent of the equity at each signal's close; or money.",
    ),
    "size": (
        "Size",
        "units, % of equity or money",
        "How much a target of 1 holds, rounded toward zero to whole lots.",
    ),
    "starting_cash": ("Starting cash", "", "What the account begins with."),
    "max_leverage": ("Most leverage", "times equity", "An order beyond it is rejected."),
    "seed": ("Seed", "", "Decides what chance decides, where a strategy uses any."),
    "k_spread": ("Spread paid", "times the spread, each side", "0.5 crosses half of it."),
    "slippage_ticks": ("Slippage", "ticks, each side", "Paid on top of the spread."),
    "fees_bps": ("Fees", "bps of notional, each side", "100 bps are 1 %."),
    "fee_per_unit": ("Fee a unit", "each side", "For futures: a contract's commission."),
}
CHOICES = {
    "regular": "regular",
    "extended": "extended",
    "all": "all",
    "next_open": "next open",
    "close": "close",
    "fixed": "fixed units",
    "percent_of_equity": "percent of equity",
    "cash": "fixed cash",
    "open": "the open",
    "limit": "its own price",
}
MONEY = {"starting_cash", "fee_per_unit"}
