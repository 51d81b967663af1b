"""URLs of datasets."""

from django.urls import URLPattern, path

from apps.datasets import views

urlpatterns: list[URLPattern] = [
    path("", views.datasets, name="datasets"),
    path("export.csv", views.export_datasets, name="datasets-csv"),
    path("change/", views.change_datasets, name="datasets-change"),
    path("new/", views.new_dataset, name="dataset-new"),
    path("ingests/", views.ingests, name="ingests"),
    path("ingests/<str:ingest_id>/", views.ingest, name="ingest"),
    path("ingests/<str:ingest_id>/cancel/", views.cancel, name="ingest-cancel"),
    path("ingests/<str:ingest_id>/retry/", views.retry, name="ingest-retry"),
    path("ingests/<str:ingest_id>/preview/", views.look_again, name="ingest-preview"),
    path("drafts/<str:draft_id>/", views.draft, name="draft"),
    path("drafts/<str:draft_id>/cancel/", views.cancel_table_draft, name="draft-cancel"),
    path("presets/", views.presets, name="presets"),
    path("presets/<int:preset_id>/rename/", views.rename, name="preset-rename"),
    path("presets/<int:preset_id>/delete/", views.forget, name="preset-delete"),
    path("<str:dataset_id>/", views.dataset, name="dataset"),
    path("<str:dataset_id>/export", views.export, name="dataset-export"),
    path("<str:dataset_id>/describe/", views.describe, name="dataset-describe"),
    path("<str:dataset_id>/archive/", views.archive, name="dataset-archive"),
    path("<str:dataset_id>/restore/", views.restore, name="dataset-restore"),
    path("<str:dataset_id>/delete/", views.delete, name="dataset-delete"),
    path("<str:dataset_id>/equality/new/", views.new_equality, name="equality-new"),
    path("<str:dataset_id>/equality/<str:equality_id>/", views.equality, name="equality"),
    path(
        "<str:dataset_id>/equality/<str:equality_id>/cancel/",
        views.cancel_equality,
        name="equality-cancel",
    ),
    path(
        "<str:dataset_id>/equality/<str:equality_id>/report.json",
        views.equality_report,
        name="equality-report",
    ),
    path(
        "<str:dataset_id>/equality/<str:equality_id>/differences.csv",
        views.equality_differences,
        name="equality-differences",
    ),
    path(
        "<str:dataset_id>/revisions/<int:number>/manifest.json",
        views.manifest,
        name="dataset-manifest",
    ),
    path(
        "<str:dataset_id>/revisions/<int:before>..<int:after>/",
        views.differences,
        name="dataset-differences",
    ),
    path(
        "<str:dataset_id>/revisions/<int:before>..<int:after>.csv",
        views.differences_csv,
        name="dataset-differences-csv",
    ),
    path(
        "<str:dataset_id>/columns/<str:address>/<str:interval>-<str:session>",
        views.columns,
        name="dataset-columns",
    ),
    path(
        "<str:dataset_id>/columns/<str:address>/<str:interval>-<str:session>/<int:page_number>",
        views.page,
        name="dataset-page",
    ),
]
