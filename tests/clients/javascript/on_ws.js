import { readFileSync } from "node:fs";
import WebSocket from "ws";
import { Closed, Inbox, Refused, main } from "./matrix.js";

class Client {
  #socket;
  #inbox = new Inbox();

  static open(url, { headers, protocols, deflate = false }) {
    const client = new Client();
    const socket = (client.#socket = new WebSocket(url, protocols, { headers, perMessageDeflate: deflate }));
    socket.on("message", (data, binary) => client.#inbox.put(binary ? new Uint8Array(data) : data.toString()));
    socket.on("close", (code, reason) => client.#inbox.put(new Closed(code, reason.toString())));
    return new Promise((resolve, reject) => {
      socket.on("open", () => resolve(client));
      socket.on("error", reject);
      socket.on("unexpected-response", (_, response) => reject(new Refused(response.statusCode)));
    });
  }

  get protocol() { return this.#socket.protocol; }
  get extensions() { return this.#socket.extensions; }
  send(message) { this.#socket.send(message); }
  receive() { return this.#inbox.take(); }

  ping(payload) {
    this.#socket.ping(payload);
    return new Promise((resolve) => this.#socket.once("pong", resolve));
  }

  fragments(texts) {
    texts.forEach((text, i) => this.#socket.send(text, { fin: i + 1 === texts.length }));
  }

  close(code, reason) {
    this.#socket.close(code, reason);
    return this.receive().catch((end) => end.code);
  }
}

const version = JSON.parse(readFileSync(new URL("node_modules/ws/package.json", import.meta.url))).version;
await main(Client, version);
