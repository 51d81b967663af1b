"""Datasets through the API: bring data in, find it, take its bars."""

from ninja import Router

from apps.datasets.api.catalogue import router as catalogue
from apps.datasets.api.ingests import router as ingests

router = Router(tags=["Datasets"])
router.add_router("", catalogue)
router.add_router("", ingests)
