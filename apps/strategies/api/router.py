"""Where the API of strategies is put together: one address may be in several modules."""

from ninja import Router

router = Router(tags=["Strategies"])
GET = ["GET", "HEAD"]
