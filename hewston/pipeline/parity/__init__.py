"""What TradingView said beside what is computed here: reading it, and comparing."""
