"""Databento Binary Encoding: TRADES, TBBO and definition files of versions 1 to 3."""
