import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Closed, Inbox, Refused, main } from "./matrix.js";

const { Client: Socket } = createRequire(import.meta.url)("faye-websocket");

class Client {
  #socket;
  #inbox = new Inbox();

  static open(url, { headers, protocols }) {
    const client = new Client();
    const socket = (client.#socket = new Socket(url, protocols, { headers, maxLength: 2 << 20 }));
    socket.on("message", ({ data }) => client.#inbox.put(typeof data === "string" ? data : new Uint8Array(data)));
    socket.on("close", ({ code, reason }) => client.#inbox.put(new Closed(code, reason)));
    return new Promise((resolve, reject) => {
      socket.on("open", () => resolve(client));
      socket.on("error", () => reject(new Refused(socket.statusCode ?? socket._driver.statusCode ?? socket._driver.status)));
    });
  }

  get protocol() { return this.#socket.protocol; }
  send(message) { this.#socket.send(typeof message === "string" ? message : Buffer.from(message)); }
  receive() { return this.#inbox.take(); }
  ping(payload) { return new Promise((resolve) => this.#socket.ping(Buffer.from(payload).toString(), resolve)); }

  close(code, reason) {
    this.#socket.close(code, reason);
    return this.receive().catch((end) => end.code);
  }
}

const version = JSON.parse(readFileSync(new URL("node_modules/faye-websocket/package.json", import.meta.url))).version;
await main(Client, version);
