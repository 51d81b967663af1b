"""Stage 3: strangers' strategies, which can compute and nothing else.

Nothing is imported here: what runs inside would have it too.
"""
