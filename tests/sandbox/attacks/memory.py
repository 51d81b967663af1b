"""Makes memory that runs, and loads code of its own."""

from tests.sandbox.attacks.attack import Attack, kept, stopped

ATTACKS: list[Attack] = [
    stopped("maps memory to write and run", """
        def attack():
            import mmap
            return mmap.mmap(-1, 4096, prot=7)
        """, "seccomp"),
    stopped("maps memory to run", """
        def attack():
            import mmap
            return mmap.mmap(-1, 4096, prot=5)
        """, "seccomp"),
    stopped("makes its memory run", """
        def attack():
            import mmap
            memory = mmap.mmap(-1, 4096)
            address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
            return call(10, address, 4096, 7) + 1
        """, "seccomp"),
    stopped("makes its memory run by a wide argument", """
        def attack():
            import mmap
            memory = mmap.mmap(-1, 4096)
            address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
            return call(10, address, 4096, (1 << 32) | 5) + 1
        """),
    stopped("maps its own source to run", "call(9, 0, 4096, 5, 2, files[1], 0)", "seccomp"),
    stopped("runs bytes", "run_machine_code(b'\\xb8\\x2a\\x00\\x00\\x00\\xc3')", "seccomp"),
    stopped("calls the 32-bit table from bytes",
        "run_machine_code(b'\\xb8\\x14\\x00\\x00\\x00\\xcd\\x80\\xc3')", "seccomp"),
    stopped("loads a library", "ctypes.CDLL('libutil.so.1')", "seccomp", "files"),
    stopped("loads a library by a path", "ctypes.CDLL('/usr/lib/x86_64-linux-gnu/libz.so.1')",
        "seccomp", "files"),
    # The library that makes callbacks takes memory that runs, and says it has none.
    kept("makes a callback for C", "ctypes.CFUNCTYPE(ctypes.c_int)(lambda: 1)()", "limit memory"),
    stopped("extends its program", "__import__('_sqlite3')"),
    kept("reads at no address", "ctypes.string_at(8)", "died"),
    kept("writes over itself", "ctypes.memset(id(int), 0, 4096)", "died"),
    kept("frees what is not its own", """
        def attack():
            free = ctypes.CDLL(None).free
            free(ctypes.c_void_p(id(free)))
            free(ctypes.c_void_p(id(free)))
            os.abort()
        """, "died"),
    kept("aborts", "os.abort()", "died"),
]  # fmt: skip
