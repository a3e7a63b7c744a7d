"""The server of the benchmark: answers every request at once with the same created message, and does no more.

Prints its port. It costs as little as possible, so that what is measured is the client's work.
"""

import asyncio
import json

BODY = json.dumps({"message_id": 123456, "sms_ids": {"+33612345678": [123456, 123457]}}).encode()
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %d\r\n\r\n%s"
    % (len(BODY), BODY)
)  # fmt: skip


class Answering(asyncio.Protocol):
    """One connection, kept alive."""

    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101
        self.transport = transport
        self.pending = b""

    def data_received(self, data: bytes) -> None:
        self.pending += data
        while (end := self._end_of_request()) is not None:
            self.pending = self.pending[end:]
            self.transport.write(ANSWER)

    def _end_of_request(self) -> int | None:
        head, separator, body = self.pending.partition(b"\r\n\r\n")
        _, _, after = head.lower().partition(b"content-length:")
        length = int(after.partition(b"\r\n")[0] or 0)
        return len(head) + 4 + length if separator and len(body) >= length else None


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
