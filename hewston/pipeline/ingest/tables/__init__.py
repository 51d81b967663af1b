"""Tables of bars to dataset drafts: what they are is found out or asked, then all of it is read."""

from hewston.pipeline.ingest.tables.deriving import derive_tables, rederive_table
from hewston.pipeline.ingest.tables.preview import preview_table
from hewston.pipeline.ingest.tables.reading import Table, read_table

__all__ = ["Table", "derive_tables", "preview_table", "read_table", "rederive_table"]
