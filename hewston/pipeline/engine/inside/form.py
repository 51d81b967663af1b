"""The form of what an event strategy did: two tables, each column after the other.

Both sides read it: the jailed engine writes it, and outside nothing of it is believed unread.
"""

# numpy's names of the types, in the order of the columns. Rows of ``bar`` are those of the run.
ORDERS = {
    "bar": "<i8",  # at whose close it was sent, or that closed last before it
    "side": "<i8",  # 1 buy, -1 sell
    "qty": "<f8",
    "type": "<i8",  # a place in TYPES
    "immediate": "<i8",  # 1: IOC, 0: GTC
    "price": "<f8",  # NaN of a market order
    "status": "<i8",  # a place in STATUSES
}
FILLS = {
    "order": "<i8",  # a row of ORDERS
    "bar": "<i8",
    "moment": "<i8",  # a place in MOMENTS
    "qty": "<f8",
    "price": "<f8",
    "reference": "<f8",  # the print at which it happened
    "fee": "<f8",
}
TYPES = ("MARKET", "LIMIT", "STOP")
STATUSES = ("FILLED", "REJECTED", "CANCELLED", "OPEN")
MOMENTS = OPEN, INSIDE, CLOSE = (0, 1, 2)
HEADER = ("account", "declaration", "failure", "params", "reasons", "rows")
