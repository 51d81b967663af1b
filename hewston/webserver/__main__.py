"""`python -m hewston.webserver`: takes the options of daphne."""

import sys

from hewston.webserver.server import serve

if __name__ == "__main__":
    serve(sys.argv[1:])
