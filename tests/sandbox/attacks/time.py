"""Does not end when it should, or goes on after it ended."""

from tests.sandbox.attacks.attack import Attack, kept, limited

ATTACKS: list[Attack] = [
    limited("sleeps past its limit", "wall", "__import__('time').sleep(999)"),
    limited("sleeps after every signal", "wall", """
        def attack():
            import signal, time
            signal.signal(signal.SIGTERM, lambda *_: time.sleep(999))
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.raise_signal(signal.SIGTERM)
        """),
    limited("sleeps with every signal masked", "wall", """
        def attack():
            import signal, time
            signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
            time.sleep(999)
        """),
    limited("stops itself", "wall", """
        def attack():
            import signal
            signal.raise_signal(signal.SIGSTOP)
        """),
    limited("sleeps at its exit", "wall", """
        def attack():
            import atexit, time
            atexit.register(time.sleep, 999)
            atexit._run_exitfuncs()
        """),
    limited("sleeps when it is collected", "wall", """
        def attack():
            import time
            class Last:
                def __del__(self):
                    time.sleep(999)
            Last()
        """),
    limited("waits for its input", "wall", """
        def attack():
            import threading
            threading.Lock().acquire() and threading.Semaphore(0).acquire()
        """),
    limited("waits for a futex for ever", "wall", """
        def attack():
            word = ctypes.c_int(0)
            call(202, ctypes.byref(word), 0, 0, 0, 0, 0)
        """),
    limited("sleeps by a call of its own", "wall", """
        def attack():
            import struct
            call(35, struct.pack("=qq", 999, 0), 0)
        """),
    kept("leaves by an exception that nobody catches", """
        def attack():
            raise SystemExit(0)
        """, "answered"),
    kept("leaves in the middle of its answer", """
        def attack():
            os.write(out, b'{"won"')
            os._exit(0)
        """, "answered"),
    kept("leaves as if it had no lock", "os._exit(73)", "died"),
    kept("leaves as if it had no memory", "os._exit(72)", "limit memory"),
    kept("registers for after its end", """
        def attack():
            import atexit
            atexit.register(os.write, out, b"late")
            return "never called"
        """),
    kept("reads the end of its input", "os.read(0, 9) == b''"),
]  # fmt: skip
