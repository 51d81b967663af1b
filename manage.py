#!/usr/bin/env python3
"""Hewston's command line: `manage.py help` lists the commands."""

import os
import sys


def main() -> int:
    """Run one command under the project's settings; returns the exit code."""
    if sys.argv[1:2] in (["serve"], ["worker"]):
        from hewston import supervisor  # noqa: PLC0415 (it does without Django)

        return supervisor.main(sys.argv[1], sys.argv[2:])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hewston.settings")
    from django.conf import settings  # noqa: PLC0415 (after the setting)
    from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415
    from django.core.management import execute_from_command_line  # noqa: PLC0415

    try:
        settings.DATA_ROOT  # noqa: B018 (reads the settings: commands would hide what is wrong)
    except (ImproperlyConfigured, OSError) as problem:
        sys.stderr.write(f"Error: {problem}\n")
        return 1
    execute_from_command_line(sys.argv)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
