import os

import websocket
from websocket import ABNF, WebSocketBadStatusException, create_connection

from matrix import Closed, Refused, main


class Connection:
    """The version with a blocking socket; each call blocks, which is fine while there is one connection."""

    @classmethod
    async def open(cls, url, headers, protocols, deflate):
        self = cls()
        lines = [f"{name}: {value}" for name, value in headers.items()]
        try:
            # It matches the chosen subprotocol against a list, and sends it as the header.
            self.socket = create_connection(url, timeout=20, header=lines, subprotocols=protocols or None)
        except WebSocketBadStatusException as error:
            raise Refused(getattr(error, "status_code", None) or error.args[1])
        self.protocol = self.socket.subprotocol
        return self

    async def send(self, message):
        text = isinstance(message, str)
        self.socket.send(message, ABNF.OPCODE_TEXT if text else ABNF.OPCODE_BINARY)

    async def receive(self):
        opcode, data = self.frame()
        if opcode == ABNF.OPCODE_CLOSE:
            raise Closed(int.from_bytes(data[:2], "big"), data[2:].decode())
        return data.decode() if opcode == ABNF.OPCODE_TEXT else data

    def frame(self, control=False):
        while True:
            opcode, data = self.socket.recv_data(control_frame=True)
            if control or opcode not in (ABNF.OPCODE_PING, ABNF.OPCODE_PONG):
                return opcode, data

    async def ping(self, payload):
        self.socket.ping(payload.decode())
        opcode = None
        while opcode != ABNF.OPCODE_PONG:
            opcode, data = self.frame(control=True)
        assert data == payload

    async def fragments(self, texts):
        for i, text in enumerate(texts):
            opcode = ABNF.OPCODE_CONT if i else ABNF.OPCODE_TEXT
            frame = ABNF.create_frame(text.encode() if i else text, opcode, fin=int(i + 1 == len(texts)))
            self.socket.send_frame(frame)

    async def close(self, code, reason):
        self.socket.send_close(code, reason.encode())
        opcode = None
        while opcode != ABNF.OPCODE_CLOSE:
            opcode, data = self.frame(control=True)
        self.socket.shutdown()
        return int.from_bytes(data[:2], "big")


main(Connection, "websocket-client")
