"""The app of parity."""
