"""Who may do what."""

from django.apps import AppConfig


class PermissionsConfig(AppConfig):
    """Users, visibility, sign-in."""

    name = "apps.permissions"
    verbose_name = "Permissions"
