"""Stage 4: the fills. Only this package imports nautilus_trader, whose Rust engine it drives."""
