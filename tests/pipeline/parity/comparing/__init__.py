"""A run compared with what Pine exported of it."""
