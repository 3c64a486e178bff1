/** The session of an app that already has a client of InsForge's SDK. */
import type { ConnectionOptions } from "./connection.ts";

/** What is used of a client of `@insforge/sdk`, 1.5.2 or later. */
export interface InsForgeClient {
  functions: object;
  getHttpClient(): {
    baseUrl: string;
    fetch: typeof fetch;
    getValidAccessToken(leewaySeconds?: number): Promise<string | null>;
  };
}

/** An app's InsForge client, and what is to be used instead of its own. */
export interface InsForgeOptions extends Partial<Omit<ConnectionOptions, "getAccessToken">> {
  insforge: InsForgeClient;
}

/**
 * Takes address, `fetch` and tokens from an app's InsForge client.
 *
 * The SDK's own requests are not used: they end after 30 seconds and are read whole.
 */
export function toConnection(options: InsForgeOptions): ConnectionOptions {
  const http = options.insforge.getHttpClient();
  const { functionsUrl } = options.insforge.functions as { functionsUrl?: string };
  return {
    functionsUrl: options.functionsUrl || functionsUrl || `${http.baseUrl}/functions`,
    fetch: options.fetch ?? http.fetch,
    // No token lives for ever, so that this leeway makes the SDK refresh whatever its clock says.
    getAccessToken: ({ refresh }) => http.getValidAccessToken(refresh ? Infinity : undefined),
  };
}
