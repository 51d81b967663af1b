"""Event strategies: classes for the engine, run whole in the sandbox."""
