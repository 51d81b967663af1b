"""Stage 1: where market data comes from."""
