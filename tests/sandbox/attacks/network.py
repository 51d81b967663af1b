"""Sockets of every family, names, and what listens on this machine (``request['port']``)."""

from tests.sandbox.attacks.attack import Attack, stopped


def _socket(name: str, source: str) -> Attack:
    return stopped(name, f"""
        def attack():
            import socket
            return {source}
        """, "seccomp")  # fmt: skip


ATTACKS: list[Attack] = [
    _socket("makes a TCP socket", "socket.socket()"),
    _socket("makes a TCP socket over IPv6", "socket.socket(socket.AF_INET6)"),
    _socket("makes a UDP socket", "socket.socket(type=socket.SOCK_DGRAM)"),
    _socket("makes a local socket", "socket.socket(socket.AF_UNIX)"),
    _socket("makes a pair of sockets", "socket.socketpair()"),
    _socket("makes a netlink socket", "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)"),
    stopped("makes a socket of the kernel's crypto", "call(41, 38, 5, 0)"),
    _socket("makes a socket to the host of a virtual machine", "call(41, 40, 1, 0)"),
    stopped("connects to what listens here", """
        def attack():
            import socket
            return socket.create_connection(("127.0.0.1", request["port"]), timeout=2)
        """, "seccomp", "namespaces", "files"),
    stopped("sends a datagram", """
        def attack():
            import socket
            return socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9))
        """, "seccomp", "namespaces"),
    stopped("listens", """
        def attack():
            import socket
            return socket.create_server(("127.0.0.1", 0))
        """, "seccomp", "namespaces", "files"),
    stopped("connects to an abstract socket", """
        def attack():
            import socket
            other = socket.socket(socket.AF_UNIX)
            other.connect(chr(0) + request["abstract"])
            return other
        """, "seccomp", "namespaces", "files"),
    stopped("connects to a socket in a folder", """
        def attack():
            import socket
            other = socket.socket(socket.AF_UNIX)
            other.connect(request["folder"] + "/socket")
            return other
        """, "seccomp", "files"),
    stopped("asks for a name's address", """
        def attack():
            import socket
            return socket.getaddrinfo(b"localhost", 80)
        """, "seccomp", "files"),
    stopped("asks a page", """
        def attack():
            import http.client
            page = http.client.HTTPConnection("127.0.0.1", request["port"], timeout=2)
            page.request("GET", "/")
            return "asked"
        """, "seccomp", "namespaces", "files"),
    stopped("takes its output for a socket", """
        def attack():
            import socket
            socket.socket(fileno=out).send(b"x")
            return 1
        """),
    stopped("sends a descriptor over what was its channel", """
        def attack():
            return call(46, 8, bytes(56), 0)
        """),
]  # fmt: skip
