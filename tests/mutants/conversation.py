"""A conversation that meets all that a server can do, to compare the answers of one server with those of another."""

import asyncio
import json
from datetime import datetime
from typing import Any

from sms_scheduler_mock import Message, MockServer

NOW = datetime(2030, 1, 1, 12)
NUMBERS = ["+33612345678", "+33202020202", "+491701234567", "+447700900123"]
BODY: dict[str, Any] = {
    "message_text": "Hello",
    "delivery_date": "2030-01-02 12:30:00",
    "sender_id": 123,
    "phone_numbers": NUMBERS[:2],
}
LONG = "a" * 161

# Creations that the page allows, by what they have otherwise.
ACCEPTED: list[dict[str, Any]] = [
    {},
    {"phone_numbers": NUMBERS[1:3]},
    {"phone_numbers": NUMBERS, "message_stop": True},
    {"phone_numbers": NUMBERS[0], "message_stop": False},
    {"message_text": LONG},
    {"delivery_date": "2020-12-25 12:45:59", "phone_numbers": NUMBERS[2:]},
    {"delivery_date": "2099-12-30 08:00:00", "phone_numbers": [NUMBERS[3]]},
    *({"delivery_date": f"{date}:00"} for date in ("2032-02-29 08:00", "2030-07-31 10:00", "2030-07-01 00:00")),
    *({"message_text": text} for text in ("0", "two\nlines", "'quoted'", "<b>", "é", "Привет", "שלום", "🎉")),
    {"message_text": "ж" * 71, "phone_numbers": NUMBERS[0]},
    {"message_text": LONG, "phone_numbers": [NUMBERS[0]]},
]
# Creations that the page forbids, or of which it does not tell.
DOUBTFUL: list[dict[str, Any]] = [
    *({"message_text": value} for value in (7, None, ["x"], "x" * 1001, "a\0b")),
    *({"message_stop": value} for value in ("true", 1, ["x"], None)),
    *({"delivery_date": value} for value in (7, ["x"], "", "soon", "2030-13-45 99:99:99", "2030-02-30 12:00:00")),
    *({"delivery_date": value} for value in ("2030-01-02T12:30:00Z", "9999-12-31 23:59:59")),
    *({"sender_id": value} for value in ("123", "x", 1.5, True, 124, 2**63)),
    *(
        {"phone_numbers": value}
        for value in (33612345678, [33612345678], {"a": 1}, {"0": NUMBERS[0]}, "0404-040-404", "+", "é")
    ),
    {"phone_numbers": []},
    *({"phone_numbers": [NUMBERS[0], value]} for value in ("0612345678", "+33 6 12 34 56 78", "+33-612-345-678", "x")),
    {"phone_numbers": [NUMBERS[0], 33612345678, None]},
    {"phone_numbers": ["0612345678"]},
    {"phone_numbers": [NUMBERS[0]] * 2},
    {"phone_numbers": [f"+336000000{i:02}" for i in range(101)]},
    {"message_text": 7, "sender_id": "x"},
]
NOT_JSON = [b"not json", b"[]", b""]
KEYS = [
    None,
    "bearer",
    "bearer wrong",
    "bearer mock",
    "bearer mock-api-key-2",
    "bearer MOCK-API-KEY",
    "Bearer mock-api-key",
]

Answer = tuple[int, list[tuple[bytes, bytes]], bytes]


class Conversation:
    """Asks a server in process, and notes its answers."""

    def __init__(self, server: MockServer) -> None:
        self.server = server
        self.answers: list[Answer] = []

    async def ask(self, method: str, path: str, body: object = None, key: str | None = "bearer mock-api-key") -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = [(b"accept-encoding", b"gzip"), *([] if key is None else [(b"authorization", key.encode())])]
        scope = {"type": "http", "method": method, "path": f"/api/v1/{path}", "headers": headers, "query_string": b""}
        sent: list[Any] = []

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": content}

        async def send(event: Any) -> None:
            sent.append(event)

        await self.server.app(scope, receive, send)
        start, *rest = sent
        content = b"".join(event["body"] for event in rest)
        self.answers.append((start["status"], start["headers"], content))

    async def create(self, **changes: object) -> None:
        await self.ask("POST", "sms", BODY | changes)

    async def read(self, message: Message) -> None:
        await self.ask("GET", f"message/{message.id}")
        for sms in message.sms:
            await self.ask("GET", f"sms/{sms.id}")

    async def create_and_read(self) -> None:
        for changes in ACCEPTED:
            await self.create(**changes)
        for message in self.server.messages:
            await self.read(message)
        for message in self.server.messages[:2]:
            await self.read(message)

    async def delete(self) -> None:
        first, second, third, single, long, past, *_ = messages = self.server.messages[:6]
        for path in (f"sms/{first.sms[0].id}", f"sms/{third.sms[-1].id}", f"message/{third.id}", f"message/{third.id}"):
            await self.ask("DELETE", path)
            for message in messages[:3]:
                await self.read(message)
        for path in (f"sms/{past.sms[0].id}", f"message/{past.id}", f"message/{single.id}", f"sms/{second.sms[0].id}"):
            await self.ask("DELETE", path)
        for sms in (*first.sms, *second.sms):
            await self.ask("DELETE", f"sms/{sms.id}")
        for message in (second, long):
            await self.ask("DELETE", f"message/{message.id}")
        for message in messages:
            await self.read(message)

    async def confuse(self) -> None:
        *_, message = self.server.messages
        for kind, other, i in (("message", "sms", message.id), ("sms", "message", message.sms[0].id)):
            for path in (
                f"{other}/{i}",
                f"{kind}/{i + 2**32}",
                f"{kind}/-{i}",
                f"{kind}/{str(i)[:-1]}",
                f"{kind}/{str(i)[1:]}",
                f"{kind}/{i}x",
                f"{kind}/x",
                f"{kind}/{'9' * 30}",
                f"{kind}/987654321",
            ):
                await self.ask("GET", path)
                await self.ask("DELETE", path)
        await self.ask("HEAD", f"message/{message.id}")

    async def ask_without_key(self) -> None:
        for key in KEYS:
            *_, other, message = self.server.messages
            await self.ask("POST", "sms", BODY, key)
            await self.ask("POST", "sms", {}, key)
            for path in (f"message/{message.id}", f"sms/{message.sms[0].id}", "sms/987654321"):
                await self.ask("GET", path, None, key)
            await self.ask("DELETE", f"message/{message.id}", None, key)
            await self.ask("DELETE", f"sms/{other.sms[0].id}", None, key)
            await self.create()  # its ids tell what was created
            await self.read(other)
            await self.read(message)

    async def ask_doubtful(self) -> None:
        for changes in DOUBTFUL:
            await self.create(**changes)
        for missing in BODY:
            await self.ask("POST", "sms", {name: BODY[name] for name in BODY.keys() - {missing}})
        for content in NOT_JSON:
            await self.ask("POST", "sms", content)

    async def hold(self) -> None:
        await self.create_and_read()
        if len(self.server.messages) == len(ACCEPTED):  # else there may be nothing to delete
            self.server.advance(seconds=20)
            await self.delete()
            await self.confuse()
            await self.ask_without_key()
        await self.ask_doubtful()
        await self.create()
        for message in sorted(self.server.messages, key=lambda message: len(message.sms))[-1:]:
            await self.ask("GET", f"message/{message.id}")
        self.server.advance(days=365 * 80)
        for message in self.server.messages:
            if message is self.server.messages[0] or any(sms.phone_number == "0612345678" for sms in message.sms):
                await self.read(message)


def converse(server: MockServer) -> list[Answer]:
    """What a server that was reset answers to questions that are always the same."""
    conversation = Conversation(server)
    asyncio.run(conversation.hold())
    return conversation.answers
