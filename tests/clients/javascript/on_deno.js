import process from "node:process";
import { browserApi } from "./browser_api.js";
import { main } from "./matrix.js";

globalThis.process ??= process;
const open = (url, { headers, protocols }) => new WebSocket(url, { headers, protocols });
await main(browserApi(open), Deno.version.deno, { deflate: false });
