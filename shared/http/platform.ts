/** What the platform that runs the functions can do. */

/**
 * Whether the platform delivers a response only when it is complete, and kills a request after 60
 * seconds: InsForge's self-hosted worker. It gives functions a `Deno` that has nothing but `env`.
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
