"""Loaded before Django's settings: gives each test process a data root of its own."""

import atexit
import os
import shutil
import sys
import tempfile

DATA_ROOT = tempfile.mkdtemp(prefix="hewston-tests-")
os.environ["HEWSTON_DATA_ROOT"] = DATA_ROOT
for name in ("HEWSTON_SECRET_KEY", "HEWSTON_ALLOWED_HOSTS", "HEWSTON_HTTPS", "HEWSTON_MIN_FREE_GB"):
    os.environ.pop(name, None)  # the tests start from the defaults
# Hundreds of processes start: with every module compiled anew, each needs a second more.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
atexit.register(shutil.rmtree, DATA_ROOT, ignore_errors=True)
