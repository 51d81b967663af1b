"""Fills become round trips and equity, by arithmetic that owes nothing to the engine.

The engine's own account is only a second opinion: ``reconcile`` compares both.
"""

from hewston.pipeline.accounting.ledger import build_equity, reconcile, settle_fills
from hewston.pipeline.accounting.round_trips import match_trades

__all__ = ["build_equity", "match_trades", "reconcile", "settle_fills"]
