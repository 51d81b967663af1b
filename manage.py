#!/usr/bin/env python3
"""Hewston's command line: `manage.py help` lists the commands."""

import os
import sys


def main() -> None:
    """Run one command under the project's settings."""
    if sys.argv[1:2] == ["serve"]:
        from hewston import supervisor  # noqa: PLC0415 (it does without Django)

        sys.exit(supervisor.main(sys.argv[2:]))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hewston.settings")
    from django.core.management import execute_from_command_line  # noqa: PLC0415 (after the setting)

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
