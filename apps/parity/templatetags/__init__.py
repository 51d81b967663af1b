"""Tags of parity."""
