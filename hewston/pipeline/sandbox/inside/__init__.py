"""What runs inside the sandbox: the standard library, numpy, pandas and modules of this package.

It is read by the pipeline too, so that a strategy of this process and one of the sandbox are called
and read by the same code; it imports nothing else of Hewston, which is not there inside.
"""
