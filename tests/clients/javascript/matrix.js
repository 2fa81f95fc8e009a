// The cases of the matrix for JavaScript, in Node, Bun, Deno and browsers. A client is a class:
//
//   static open(url, { headers, protocols, deflate }): Promise of an instance, rejected with Refused
//   protocol, extensions     what the server agreed to
//   send(stringOrBytes)
//   receive(): Promise of a string or a Uint8Array, rejected with Closed
//   ping(bytes)              a promise that waits for the pong
//   fragments(strings)       one message in several frames
//   close(code, reason)      a promise of the code of the Close that answers
//
// What a client does not have, its class leaves out; clients.toml says why.

export class Refused extends Error {
  constructor(status) { super(`refused with ${status}`); this.status = status; }
}

export class Closed extends Error {
  constructor(code, reason) { super(`closed with ${code} ${reason}`); this.code = code; this.reason = reason; }
}

/** What arrives, in order, for whoever asks. */
export class Inbox {
  #waiting = [];
  #items = [];
  put(item) { this.#waiting.length ? this.#waiting.shift()(item) : this.#items.push(item); }
  async take() {
    const item = this.#items.length ? this.#items.shift() : await new Promise((resolve) => this.#waiting.push(resolve));
    if (item instanceof Error) throw item;
    return item;
  }
}

const TEXT = "héllo, wörld ✓";
const BINARY = Uint8Array.from({ length: 1 << 20 }, (_, i) => (i * 7) & 255);

/**
 * Runs the cases that the client has, and hands a report of each to `tell`. `headers`: whether it can set headers;
 * `deflate`: whether it offers compression.
 */
export async function run(Client, { url, token, headers = true, deflate = "extensions" in Client.prototype }, tell) {
  const open = ({ token: shown = token, deflate = false } = {}) => Client.open(url, headers
    ? { headers: { Authorization: `Bearer ${shown}` }, protocols: [], deflate }
    : { protocols: ["bearer", `bearer.${shown}`], deflate });
  const has = (method) => method in Client.prototype;
  const finished = async (use, options) => { const client = await open(options); await use(client); await client.close(1000, ""); };

  const cases = {
    header: headers && (() => finished(async () => {})),
    async subprotocol() {
      const client = await Client.open(url, { headers: {}, protocols: ["bearer", `bearer.${token}`] });
      same(client.protocol, "bearer");
      await client.close(1000, "");
    },
    typed: () => finished((client) => said(client, TEXT)),
    reply: () => finished(async (client) => {
      for (const id of ["a", "b"]) client.send(JSON.stringify({ type: "ask", id, text: TEXT }));
      for (const id of ["a", "b"]) {
        const answer = JSON.parse(await client.receive());
        same([answer.type, answer.id, answer.length], ["answer", id, new TextEncoder().encode(TEXT).length]);
      }
    }),
    text: () => finished((client) => said(client, "x".repeat(65536))),
    binary: () => finished(async (client) => {
      client.send(BINARY);
      const received = await client.receive();
      if (received.length !== BINARY.length || received.some((byte, i) => byte !== BINARY[i])) throw new Error(`other bytes, ${received.length} of them`);
    }),
    fragments: has("fragments") && (() => finished(async (client) => {
      const message = JSON.stringify({ type: "say", text: TEXT });
      client.fragments([message.slice(0, 5), message.slice(5, 20), message.slice(20)]);
      same(JSON.parse(await client.receive()).text, TEXT);
    })),
    ping: has("ping") && (() => finished(async (client) => {
      await client.ping(new TextEncoder().encode("are you there"));
      await said(client, TEXT);
    })),
    heartbeat: () => finished(async (client) => {
      client.send(JSON.stringify({ type: "wait", milliseconds: 3000 }));
      same(JSON.parse(await client.receive()).text, "waited");
    }),
    async close() {
      same(await (await open()).close(4001, "done here"), 4001);
    },
    async closed() {
      const client = await open();
      client.send(JSON.stringify({ type: "leave", code: 4002, reason: "enough" }));
      const end = await client.receive().catch((error) => error);
      if (!(end instanceof Closed)) throw end instanceof Error ? end : new Error(`a Close, not ${end}`);
      same([end.code, end.reason], [4002, "enough"]);
    },
    async refused() {
      const end = await open({ token: "wrong" }).catch((error) => error);
      if (!(end instanceof Refused)) throw end instanceof Error ? end : new Error("it connected with a wrong token");
      // Browsers hide the status: for them an error is all that there is.
      if (end.status !== undefined) same(end.status, 401);
    },
    deflate: deflate && (() => finished(async (client) => {
      if (!client.extensions.includes("permessage-deflate")) throw new Error(`not agreed: "${client.extensions}"`);
      await said(client, "wörds that repeat ".repeat(1000));
      await said(client, "wörds that repeat ".repeat(1000));
    }, { deflate: true })),
  };
  for (const [name, test] of Object.entries(cases)) {
    if (!test) continue;
    let timer;
    const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error("nothing within 20 s")), 20000); });
    try {
      await Promise.race([test(), late]);
      tell({ case: name, result: "pass" });
    } catch (error) {
      tell({ case: name, result: "fail", detail: String(error).slice(0, 300) });
    }
    clearTimeout(timer);
  }
}

async function said(client, text) {
  client.send(JSON.stringify({ type: "say", text }));
  const message = JSON.parse(await client.receive());
  same([message.type, message.room, message.text], ["said", "lobby", text]);
}

function same(found, expected) {
  const [left, right] = [found, expected].map((value) => JSON.stringify(value) ?? "nothing");
  if (left !== right) throw new Error(`${left.slice(0, 150)} instead of ${right.slice(0, 150)}`);
}

/** For programs that have an environment and a standard output. */
export async function main(Client, version, options = {}) {
  console.log(JSON.stringify({ version }));
  const { MATRIX_URL: url, MATRIX_TOKEN: token } = process.env;
  await run(Client, { url, token, ...options }, (report) => console.log(JSON.stringify(report)));
  process.exit(0);
}
