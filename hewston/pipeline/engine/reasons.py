"""Reasons of orders that no strategy gave. Imports no engine: pages and checks read them too."""

BUYING_POWER = "buying_power"  # refused: the position would be larger than the account may hold
RUINED = "ruined"  # equity was at or below 0 at a bar's close
