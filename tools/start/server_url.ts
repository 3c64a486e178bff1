/** The URL at which other programs on this machine reach a server. */

/**
 * Hosts to replace: nothing can connect to the unspecified addresses, and `::1` is written as
 * `localhost` because OpenRouter accepts only that as the host of a local return URL.
 */
const REACHABLE_AS: Record<string, string> = {
  "0.0.0.0": "127.0.0.1",
  "::": "127.0.0.1",
  "::1": "localhost",
};

/** Returns the URL of a server from the address it is bound to. */
export function toServerUrl({ hostname, port }: { hostname: string; port: number }): string {
  const host = REACHABLE_AS[hostname] ?? (hostname.includes(":") ? `[${hostname}]` : hostname);
  return `http://${host}:${port}`;
}
