/** Where a server listens, as others can use it. */

/** The URL of an address that a server listens on. */
export function toServerUrl({ hostname, port }: Deno.NetAddr): string {
  return `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}
