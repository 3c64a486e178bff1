/** Where a server listens, as others on this machine reach it. */

/** Hosts that are no place to go to, or not for everybody who compares addresses. */
const REACHED_AT: Record<string, string> = {
  "0.0.0.0": "127.0.0.1",
  "::": "127.0.0.1",
  "::1": "localhost",
};

/** The URL of an address that a server listens on; of all addresses, this machine's own one. */
export function toServerUrl({ hostname, port }: Deno.NetAddr): string {
  const host = REACHED_AT[hostname] ?? (hostname.includes(":") ? `[${hostname}]` : hostname);
  return `http://${host}:${port}`;
}
