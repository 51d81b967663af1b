"""Our ports of the seven strategies that TradingView ran on the shared bars."""
