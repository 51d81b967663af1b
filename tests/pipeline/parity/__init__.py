"""What TradingView says beside what is computed here."""
