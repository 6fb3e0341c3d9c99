"""A proxy on loopback that hands bytes on, and cuts the line when a request was done and before its answer goes back."""

from __future__ import annotations

import contextlib
import re
import select
import socket
import struct
import threading


class CutProxy:
    """In front of a server that nobody can ask to fail. `cut` says which requests are answered to nobody."""

    def __init__(self, port: int) -> None:
        self.upstream = ("127.0.0.1", port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.cuts: list[bytes] = []  # the first line of each request that was cut
        self._next: list[re.Pattern[bytes]] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def cut(self, *requests: str) -> None:
        """For the next request whose first line each of these patterns matches the answer is lost."""
        self._next += [re.compile(pattern.encode()) for pattern in requests]

    def close(self) -> None:
        self._listening.close()

    def _serve(self) -> None:
        while True:
            try:
                taken, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._hand_on, args=(taken,), daemon=True).start()

    def _hand_on(self, client: socket.socket) -> None:
        cutting = False
        with client, socket.create_connection(self.upstream) as server, contextlib.suppress(OSError):
            while True:
                ready, _, _ = select.select([client, server], [], [], 60)
                data = ready[0].recv(65536) if ready else b""
                if not data:
                    return
                if ready[0] is client:
                    cutting = cutting or self._hit(data.partition(b"\r\n")[0])
                    server.sendall(data)
                elif cutting:  # it has answered: what was asked is done
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return
                else:
                    client.sendall(data)

    def _hit(self, line: bytes) -> bool:
        hit = next((pattern for pattern in self._next if pattern.search(line)), None)
        if hit:
            self._next.remove(hit)
            self.cuts.append(line)
        return hit is not None
