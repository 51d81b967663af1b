"""What every page needs from the request."""

from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, object]:
    """Give templates the theme that the viewer chose."""
    theme = request.COOKIES.get("theme", "")
    return {"theme": theme if theme in {"dark", "light"} else "auto"}
