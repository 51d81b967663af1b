"""Every URL of the site."""

from django.urls import URLPattern, URLResolver, include, path

from apps.runs.consumers import stream
from apps.runs.views import dashboard
from hewston.admin import site
from hewston.api import api, document, reference
from hewston.health import healthz, readyz

urlpatterns: list[URLPattern | URLResolver] = [
    path("", dashboard, name="dashboard"),
    path("", include("apps.permissions.urls")),
    path("datasets/", include("apps.datasets.urls")),
    path("strategies/", include("apps.strategies.urls")),
    path("runs/", include("apps.runs.urls")),
    path("parity/", include("apps.parity.urls")),
    path("backtests/<str:run_id>/stream", stream, name="run-stream"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("admin/", site.urls),
    path("api/docs", reference, name="api-docs"),
    path("api/openapi.json", document, name="api-document"),
    path("", api.urls),
]

handler400 = "hewston.http.bad_request"
handler403 = "hewston.http.forbidden"
handler404 = "hewston.http.not_found"
handler500 = "hewston.http.failed"
