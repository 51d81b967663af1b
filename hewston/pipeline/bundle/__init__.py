"""A run as one file: written here, read and computed again on another machine."""

from hewston.pipeline.bundle.form import BUNDLE_FILE, SUFFIX
from hewston.pipeline.bundle.reading import Contents, unpack_bundle
from hewston.pipeline.bundle.writing import write_bundle

__all__ = ["BUNDLE_FILE", "SUFFIX", "Contents", "unpack_bundle", "write_bundle"]
