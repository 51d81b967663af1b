"""Sockets of runs."""

from django.urls import URLPattern, path

from apps.runs.consumers import play

websocket_urlpatterns: list[URLPattern] = [
    path("backtests/<str:run_id>/ws", play),  # type: ignore[arg-type]  # no view, for Django's types
]
