"""Sockets of runs."""

from django.urls import URLPattern

websocket_urlpatterns: list[URLPattern] = []
