"""What TradingView or another program said of a strategy, read from the files that it gives.

Three kinds: a chart's data, a list of trades, and a JSON artifact. See docs/parity-files.md.
"""

from hewston.pipeline.parity.readers.clock import read_date_order
from hewston.pipeline.parity.readers.performance import Reproduced, reproduce
from hewston.pipeline.parity.readers.placing import place
from hewston.pipeline.parity.readers.reading import read_upload
from hewston.pipeline.parity.readers.upload import Bridge, Figure, Upload
from hewston.pipeline.parity.readers.zones import Offer, find_zones

__all__ = [
    "Bridge",
    "Figure",
    "Offer",
    "Reproduced",
    "Upload",
    "find_zones",
    "place",
    "read_date_order",
    "read_upload",
    "reproduce",
]
