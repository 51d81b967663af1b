"""Whether a strategy may be believed: does it look ahead, and how long does it warm up.

Nothing is imported here: the web process reads the verdicts alone.
"""
