import asyncio

import picows

from matrix import Closed, Refused, main

TYPE = picows.WSMsgType


class Listener(picows.WSListener):
    def __init__(self):
        self.inbox, self.pong = asyncio.Queue(), asyncio.Future()
        self.pieces = b""

    def on_ws_frame(self, transport, frame):
        payload = frame.get_payload_as_bytes()
        if frame.msg_type == TYPE.PONG:
            self.pong.set_result(payload)
        elif frame.msg_type == TYPE.PING:
            transport.send_pong(payload)
        elif frame.msg_type == TYPE.CLOSE:
            reason = bytes(frame.get_close_message() or b"").decode()
            self.inbox.put_nowait(Closed(int(frame.get_close_code()), reason))
            transport.send_close(frame.get_close_code())
            transport.disconnect()
        else:
            self.pieces += payload
            if frame.msg_type != TYPE.CONTINUATION:
                self.text = frame.msg_type == TYPE.TEXT
            if frame.fin:
                self.inbox.put_nowait(self.pieces.decode() if self.text else self.pieces)
                self.pieces = b""


class Connection:
    @classmethod
    async def open(cls, url, headers, protocols, deflate):
        self = cls()
        if protocols:
            headers = headers | {"Sec-WebSocket-Protocol": ", ".join(protocols)}
        try:
            self.transport, self.listener = await picows.ws_connect(
                Listener, url, extra_headers=headers, enable_auto_pong=False, max_frame_size=2 << 20
            )
        except picows.WSError as error:
            raise Refused(int(error.response.status)) if getattr(error, "response", None) else error
        self.protocol = self.transport.response.headers.get("Sec-WebSocket-Protocol")
        return self

    async def send(self, message):
        binary = isinstance(message, bytes)
        self.transport.send(TYPE.BINARY if binary else TYPE.TEXT, message if binary else message.encode())

    async def receive(self):
        message = await self.listener.inbox.get()
        if isinstance(message, Closed):
            raise message
        return message

    async def ping(self, payload):
        self.transport.send_ping(payload)
        assert await self.listener.pong == payload

    async def fragments(self, texts):
        for i, text in enumerate(texts):
            self.transport.send(TYPE.CONTINUATION if i else TYPE.TEXT, text.encode(), fin=i + 1 == len(texts))

    async def close(self, code, reason):
        self.transport.send_close(picows.WSCloseCode(code) if code < 4000 else code, reason.encode())
        try:
            await self.receive()
        except Closed as closed:
            return closed.args[0]


main(Connection, "picows")
