"""What runs an event strategy on the engine, inside the sandbox: without polars or threads."""
