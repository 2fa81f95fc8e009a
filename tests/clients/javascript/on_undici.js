import { readFileSync } from "node:fs";
import { WebSocket } from "undici";
import { browserApi } from "./browser_api.js";
import { main } from "./matrix.js";

const version = JSON.parse(readFileSync(new URL("node_modules/undici/package.json", import.meta.url))).version;
await main(browserApi((url, { headers, protocols }) => new WebSocket(url, { headers, protocols })), version);
