/** Functions that show how each runtime treats the functions deployed to it. */

/** Scripts for the self-hosted workers, by slug. */
export const SCRIPTS = {
  sees: `module.exports = async () => Response.json({
    own: Deno.env.get("OPENROUTER_API_KEY") !== undefined,
    global: globalThis.Deno.env.get("OPENROUTER_API_KEY") ?? null,
    process: globalThis.process.env,
    absent: ["Buffer", "global", "setImmediate"].map((name) => typeof globalThis[name]),
    injected: [createClient, encodeBase64, decodeBase64].map((value) => typeof value),
  })`,
  counts: `globalThis.count = (globalThis.count ?? 0) + 1;
    module.exports = async () => new Response(String(globalThis.count))`,
  binary: `module.exports = async () => new Response(new Uint8Array([0x89, 0x50]))`,
  throws: `module.exports = () => { throw Object.assign(new Error("teapot"), { status: 418 }) }`,
  responds: `module.exports = () => { throw new Response("thrown", { status: 409 }) }`,
  rejects: `module.exports = () => {
    Promise.reject(new Error("not awaited"));
    return new Promise(() => {});
  }`,
  esm: `export default () => new Response()`,
  default: `exports.default = () => new Response()`,
};

/** Modules for the cloud host, by slug. */
export const MODULES = {
  counts: `let count = 0; export default () => new Response(String(++count))`,
  throws: `export default () => { throw new Error("shown to the caller") }`,
  loops: `export default (request) => globalThis.__insforge_dispatch__(request)`,
  path: `export default (request) => new Response(new URL(request.url).pathname)`,
};
