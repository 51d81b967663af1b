"""Parity through the API."""

from apps.parity.api import artifacts, boards, certificates, comparisons, reports
from apps.parity.api.router import router

__all__ = ["artifacts", "boards", "certificates", "comparisons", "reports", "router"]
