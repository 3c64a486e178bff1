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
