import { readFileSync } from "node:fs";
import websocket from "websocket";
import { Closed, Inbox, Refused, main } from "./matrix.js";

class Client {
  #connection;
  #inbox = new Inbox();

  static open(url, { headers, protocols }) {
    const socket = new websocket.client({ maxReceivedFrameSize: 2 << 20, maxReceivedMessageSize: 2 << 20 });
    const opened = new Promise((resolve, reject) => {
      socket.on("connect", (connection) => resolve(new Client(connection)));
      socket.on("httpResponse", (response) => reject(new Refused(response.statusCode)));
      socket.on("connectFailed", reject);
    });
    socket.connect(url, protocols, undefined, headers);
    return opened;
  }

  constructor(connection) {
    this.#connection = connection;
    connection.on("message", ({ type, utf8Data, binaryData }) =>
      this.#inbox.put(type === "utf8" ? utf8Data : new Uint8Array(binaryData)));
    connection.on("close", (code, reason) => this.#inbox.put(new Closed(code, reason)));
  }

  get protocol() { return this.#connection.protocol; }
  receive() { return this.#inbox.take(); }

  send(message) {
    if (typeof message === "string") this.#connection.sendUTF(message);
    else this.#connection.sendBytes(Buffer.from(message));
  }

  ping(payload) {
    this.#connection.ping(Buffer.from(payload));
    return new Promise((resolve) => this.#connection.once("pong", resolve));
  }

  /** It cuts messages at a size of frames. */
  fragments(texts) {
    const { config } = this.#connection;
    [config.fragmentOutgoingMessages, config.fragmentationThreshold] = [true, 16];
    this.#connection.sendUTF(texts.join(""));
    config.fragmentationThreshold = 16384;
  }

  close(code, reason) {
    this.#connection.close(code, reason);
    // It keeps its own code as the one of the end; the server's Close is what ends the wait.
    return this.receive().catch((end) => end.code);
  }
}

const version = JSON.parse(readFileSync(new URL("node_modules/websocket/package.json", import.meta.url))).version;
await main(Client, version);
