"""URLs of strategies; what has one step is about all of them, and OWNER/SLUG about one."""

from django.urls import URLPattern, path

from apps.strategies import views

_ONE = "<str:owner>/<str:slug>/"
_CHECK = f"{_ONE}versions/<int:number>/checks/<str:check_id>/"

urlpatterns: list[URLPattern] = [
    path("", views.strategies, name="strategies"),
    path("export.csv", views.export_strategies, name="strategies-csv"),
    path("built-in/", views.built_ins, name="built-ins"),
    path("new/", views.new_strategy, name="strategy-new"),
    path("import/", views.import_file, name="strategy-import"),
    path(_ONE, views.strategy, name="strategy"),
    path(f"{_ONE}edit/", views.edit, name="strategy-edit"),
    path(f"{_ONE}describe/", views.describe, name="strategy-describe"),
    path(f"{_ONE}archive/", views.archive, name="strategy-archive"),
    path(f"{_ONE}restore/", views.restore, name="strategy-restore"),
    path(f"{_ONE}duplicate/", views.duplicate, name="strategy-duplicate"),
    path(f"{_ONE}delete/", views.delete, name="strategy-delete"),
    path(f"{_ONE}diff/", views.diff, name="strategy-diff"),
    path(f"{_ONE}versions/<int:number>/", views.version, name="strategy-version"),
    path(f"{_ONE}versions/<int:number>/check/", views.new_check, name="strategy-check-new"),
    path(_CHECK, views.check, name="strategy-check"),
    path(f"{_CHECK}cancel/", views.stop_check, name="strategy-check-cancel"),
    path(f"{_CHECK}again/", views.check_again, name="strategy-check-again"),
    path(f"{_ONE}versions/<int:number>/source.py", views.source, name="strategy-source"),
]
