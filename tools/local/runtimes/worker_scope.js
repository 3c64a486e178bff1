/**
 * The inside of InsForge's self-hosted worker. Every request has a fresh one, which receives code,
 * request and secrets as a message. Plain JavaScript, because it must start on Deno 2.0.6 as well as
 * on the current release.
 */
const STERILE = { NODE_ENV: "production" };

// Deno 2.9 creates `process` when it is first read, and needs the real `Deno` for that. InsForge
// hides `Deno` first, and so does not start there.
void globalThis.process;
Object.defineProperty(globalThis, "Deno", {
  value: Object.freeze({ env: { get: (name) => STERILE[name] } }),
  configurable: false,
  writable: false,
});
globalThis.process.env = { ...STERILE };

/** Globals of later releases of Deno that Deno 2.0.6, which InsForge runs, does not have. */
const LATER_GLOBALS = ["Buffer", "global", "setImmediate", "clearImmediate", "BroadcastChannel"];

self.onmessage = async ({ data }) => self.postMessage(await answer(data));

async function answer({ code, request, secrets, sdk }) {
  try {
    const { createClient } = await import(sdk);
    // Only now: on later releases, npm packages need some of these globals while they load.
    for (const name of LATER_GLOBALS) delete globalThis[name];
    const handler = load(code, secrets, createClient);
    return await toMessage(await handler(new Request(request.url, request)));
  } catch (thrown) {
    if (thrown instanceof Response) return await toMessage(thrown);
    return { status: thrown.status || 500, error: thrown.message || "Unknown error" };
  }
}

function load(code, secrets, createClient) {
  const forbidden = () => {
    throw new Error("Processes are disabled");
  };
  const Deno = {
    env: { get: (name) => secrets[name] ?? undefined },
    run: forbidden,
    spawn: forbidden,
    Command: forbidden,
  };
  const names = ["exports", "module", "createClient", "Deno", "encodeBase64", "decodeBase64"];
  const exports = {};
  const module = { exports };
  new Function(...names, code)(exports, module, createClient, Deno, encodeBase64, decodeBase64);
  const handler = module.exports || exports.default || exports;
  if (typeof handler === "function") return handler;
  throw new Error("No function exported. Expected: module.exports = async function(req) { ... }");
}

/** The response as text: a stream is read to its end, and bytes that are not UTF-8 are destroyed. */
async function toMessage(response) {
  const { status, statusText, headers } = response;
  const body = [204, 205, 304].includes(status) ? null : await response.text();
  return { status, statusText, headers: Object.fromEntries(headers), body };
}

function encodeBase64(data) {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : new Uint8Array(data);
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

function decodeBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
