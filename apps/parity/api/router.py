"""Where the API of parity is put together: one address may be in several modules."""

from ninja import Router

router = Router(tags=["Parity"])
GET = ["GET", "HEAD"]
