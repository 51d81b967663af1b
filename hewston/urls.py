"""Every URL of the site."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("apps.permissions.urls")),
    path("datasets/", include("apps.datasets.urls")),
    path("runs/", include("apps.runs.urls")),
]
