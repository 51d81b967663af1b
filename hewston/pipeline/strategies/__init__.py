"""Stage 3: strategies, turned into signals."""
