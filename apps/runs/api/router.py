"""Where the API of runs is put together: one address may be in several modules."""

from ninja import Router

router = Router(tags=["Runs"])
GET = ["GET", "HEAD"]
