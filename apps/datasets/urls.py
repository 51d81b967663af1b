"""URLs of datasets."""

from django.urls import URLPattern, path

from apps.datasets import views

urlpatterns: list[URLPattern] = [
    path("", views.datasets, name="datasets"),
    path("export.csv", views.export_datasets, name="datasets-csv"),
    path("ingests/", views.ingests, name="ingests"),
    path("ingests/<str:ingest_id>/", views.ingest, name="ingest"),
    path("<str:dataset_id>/", views.dataset, name="dataset"),
    path(
        "<str:dataset_id>/revisions/<int:number>/manifest.json",
        views.manifest,
        name="dataset-manifest",
    ),
    path(
        "<str:dataset_id>/columns/<str:address>/<str:interval>-<str:session>",
        views.columns,
        name="dataset-columns",
    ),
]
