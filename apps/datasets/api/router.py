"""Where the API of datasets is put together: one address may be in several modules."""

from ninja import Router

router = Router(tags=["Datasets"])
GET = ["GET", "HEAD"]
