"""Takes more memory, processor, output or log than it may have."""

from tests.sandbox.attacks.attack import Attack, kept, limited

ATTACKS: list[Attack] = [
    limited("takes memory at once", "memory", "len(bytearray(4 << 30))"),
    limited("takes memory bit by bit", "memory", """
        def attack():
            held = []
            while True:
                held.append(bytes(1 << 20))
        """),
    limited("takes memory in lists of lists", "memory", """
        def attack():
            held = []
            while True:
                held = [held] * 1000 + list(range(1000))
                held.extend([held] * 100000)
        """),
    limited("takes memory by a huge number", "memory", "(1 << (1 << 35)) and 1"),
    limited("takes memory by a long text", "memory", "len('x' * (4 << 30))"),
    limited("takes memory by growing a text", "memory", """
        def attack():
            text = "x"
            while True:
                text += text
        """),
    kept("takes memory by a map, and is told no", """
        def attack():
            import mmap
            try:
                return mmap.mmap(-1, 4 << 30)
            except OSError as problem:
                return problem.errno == errno.ENOMEM
        """),
    kept("takes memory that is shared, and is told no", """
        def attack():
            import mmap
            try:
                return mmap.mmap(-1, 4 << 30, mmap.MAP_SHARED | mmap.MAP_ANONYMOUS)
            except OSError as problem:
                return problem.errno == errno.ENOMEM
        """),
    kept("takes memory by a break, and is told no", """
        def attack():
            here = call(12, 0)
            return call(12, here + (4 << 30)) == here
        """),
    kept("calls itself for ever, and is told no", """
        def attack():
            def again():
                return again()
            try:
                again()
            except RecursionError:
                return "told"
        """),
    kept("overflows its stack", """
        def attack():
            sys.setrecursionlimit(10**9)
            class Deep:
                def __repr__(self):
                    return repr(self)
            return repr(Deep())
        """, "stopped"),
    limited("computes for ever", "cpu", "any(iter(int, 1))"),
    limited("computes for ever in C", "cpu", "sum(iter(int, 1))"),
    limited("raises a number to a power", "cpu", "pow(7, 10**9) and 1"),
    limited("matches a text for ever", "cpu", """
        def attack():
            import re
            return re.match(r"(a+)+$", "a" * 60 + "b")
        """),
    limited("goes on after every exception", "cpu", """
        def attack():
            while True:
                try:
                    raise KeyboardInterrupt
                except BaseException:
                    pass
        """),
    limited("goes on after the limit's signal", "cpu", """
        def attack():
            import signal
            for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
                try:
                    signal.signal(number, signal.SIG_IGN)
                except (OSError, ValueError):
                    pass
            while True:
                pass
        """),
    limited("writes output for ever", "output", """
        def attack():
            while True:
                os.write(out, bytes(1 << 20))
        """),
    limited("writes output byte by byte", "output", """
        def attack():
            import itertools
            part = b"x" * 4096
            for _ in itertools.count():
                os.write(out, part)
        """),
    limited("prints for ever", "log", """
        def attack():
            while True:
                print("x" * 100000)
        """),
    limited("prints errors for ever", "log", """
        def attack():
            while True:
                sys.stderr.write("<script>" * 10000)
        """),
    limited("warns for ever", "log", """
        def attack():
            import warnings
            warnings.simplefilter("always")
            while True:
                warnings.warn("x" * 100000)
        """),
    kept("fills its own pipe, which nobody reads", """
        def attack():
            try:
                os.pipe()
            except OSError:
                return "told no"
        """),
    kept("opens files until it may not", """
        def attack():
            opened = []
            try:
                while True:
                    opened.append(os.open(os.__file__, os.O_RDONLY))
            except OSError as problem:
                return len(opened) < 40 and errno.errorcode[problem.errno] in ("EMFILE", "EACCES")
        """),
]  # fmt: skip
