"""URLs of runs."""

from django.urls import URLPattern, path

from apps.runs import views

urlpatterns: list[URLPattern] = [
    path("", views.runs, name="runs"),
    path("export.csv", views.export_runs, name="runs-csv"),
    path("change/", views.change, name="runs-change"),
    path("views/", views.views, name="run-views"),
    path("views/<int:view_id>/rename/", views.rename, name="run-view-rename"),
    path("views/<int:view_id>/delete/", views.forget, name="run-view-delete"),
    path("new/", views.new_run, name="run-new"),
    path("compare/", views.compare, name="runs-compare"),
    path("compare/curves", views.compare_curves, name="runs-compare-curves"),
    path("compare/trades.csv", views.export_matches, {"kind": "csv"}, name="runs-compare-csv"),
    path("compare/trades.json", views.export_matches, {"kind": "json"}, name="runs-compare-json"),
    path("import/", views.import_run, name="run-import"),
    path("<str:run_id>/", views.overview, name="run"),
    path("<str:run_id>/playback/", views.watch, name="run-playback"),
    path("<str:run_id>/decisions/<str:address>", views.decisions, name="run-decisions"),
    path("<str:run_id>/cancel/", views.cancel, name="run-cancel"),
    path("<str:run_id>/retry/", views.retry, name="run-retry"),
    path("<str:run_id>/describe/", views.describe, name="run-describe"),
    path("<str:run_id>/delete/", views.delete, name="run-delete"),
    path("<str:run_id>/costs/", views.costs, name="run-costs"),
    path("<str:run_id>/costs/cancel/", views.cancel_costs, name="run-costs-cancel"),
    path("<str:run_id>/trades/", views.trades, name="run-trades"),
    path("<str:run_id>/trades/export", views.export_trades, name="run-trades-export"),
    path("<str:run_id>/points/<str:address>", views.points, name="run-points"),
    path("<str:run_id>/logs/", views.logs, name="run-logs"),
    path("<str:run_id>/logs/lines", views.log_lines, name="run-log-lines"),
    path("<str:run_id>/logs/log.txt", views.log_file, name="run-log-file"),
    path("<str:run_id>/manifest/", views.manifest, name="run-manifest"),
    path("<str:run_id>/verify/", views.verify, name="run-verify"),
    path("<str:run_id>/reproduce/", views.reproduce, name="run-reproduce"),
    path("<str:run_id>/reproduce/cancel/", views.stop_reproducing, name="run-reproduce-cancel"),
    path("<str:run_id>/bundle.zip", views.bundle, name="run-bundle"),
    path("<str:run_id>/manifest.json", views.manifest_file, name="run-manifest-file"),
    path("<str:run_id>/series/<str:address>", views.series, name="run-series"),
    path("<str:run_id>/columns/<str:address>/<str:interval>", views.columns, name="run-columns"),
]
