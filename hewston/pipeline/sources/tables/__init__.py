"""Bars that people have as tables: text, Excel and Parquet, in any layout."""
