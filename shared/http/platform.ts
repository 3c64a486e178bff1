/**
 * What InsForge's self-hosted worker cannot do; docs/self-hosted.md lists it for operators. Elsewhere:
 * `app.ts` reads the route from `?route=`, because the worker serves one path per function;
 * `stream_source.ts` does without `setImmediate`, and `settings.ts` uses nothing of `Deno.env` but
 * `get`.
 */

/**
 * Whether the platform delivers a response only when it is complete, and kills a request after 60
 * seconds: InsForge's self-hosted worker. It replaces `Deno` with an object that has nothing but
 * `env`; every other platform has `Deno.version`.
 *
 * @param runtime the `Deno` that the functions see.
 */
export function isBufferingPlatform(runtime: object = Deno): boolean {
  return !("version" in runtime);
}

/**
 * The longest that a response may take on this platform, milliseconds. After 60 seconds the
 * self-hosted worker is killed, and what it has not delivered is lost.
 */
export function maxResponseMs(runtime?: object): number {
  return isBufferingPlatform(runtime) ? 55_000 : Infinity;
}
