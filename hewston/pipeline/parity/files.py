"""Names of the files in a comparison's folder."""

REPORT_FILE = "comparison.json"
TIERS_FILE = "tiers.parquet"
MATCHES_FILE = "matches.parquet"
CANDLES_FILE = "candles.parquet"
