/** Takes the session of an app that already has a client of InsForge's SDK. */
import type { ConnectionOptions } from "./connection.ts";

/** The parts of an `@insforge/sdk` client that are used, version 1.5.2 or later. */
export interface InsForgeClient {
  /** Knows the URL of the functions. */
  functions: object;
  /** Gives the project's URL, and the session's tokens. */
  getHttpClient(): {
    baseUrl: string;
    fetch: typeof fetch;
    getValidAccessToken(leewaySeconds?: number): Promise<string | null>;
  };
}

/**
 * An app's InsForge client, and what should be used instead of its own settings.
 *
 * @example
 * ```ts
 * // For a project behind a domain of its own, whose functions URL cannot be derived:
 * const functionsUrl = "https://myappkey.function2.insforge.app";
 * const ai = createAiClient({ insforge, functionsUrl });
 * ```
 */
export interface InsForgeOptions {
  /** The app's client of `@insforge/sdk`. */
  insforge: InsForgeClient;
  /** Used instead of the URL that the client knows. */
  functionsUrl?: string | undefined;
  /** Used instead of the client's `fetch`. */
  fetch?: typeof fetch | undefined;
}

/** Serves functions on InsForge cloud without buffering their responses. */
const DIRECT_DOMAIN = "function2.insforge.app";

/**
 * Takes URL, `fetch` and tokens from an app's InsForge client.
 *
 * The SDK's own requests are not used: they end after 30 seconds and are read as a whole.
 */
export function toConnection(options: InsForgeOptions): ConnectionOptions {
  const http = options.insforge.getHttpClient();
  const { functionsUrl } = options.insforge.functions as { functionsUrl?: string };
  return {
    functionsUrl: options.functionsUrl ||
      toDirectUrl(functionsUrl || `${http.baseUrl}/functions`),
    fetch: options.fetch ?? http.fetch,
    // Every token expires sooner than this leeway, so the SDK refreshes whatever its clock says.
    getAccessToken: ({ refresh }) => http.getValidAccessToken(refresh ? Infinity : undefined),
  };
}

/**
 * Replaces other hosts of a cloud project by the one that streams: the project's own URL buffers
 * every response, and the host that SDKs before 1.5.2 use no longer exists. URLs elsewhere stay.
 */
function toDirectUrl(url: string): string {
  const [, appKey, domain] = /^https:\/\/([^./:]+)\.([^/:]+)/.exec(url) ?? [];
  const isCloud = domain === "insforge.app" || domain?.endsWith(".insforge.app");
  return isCloud && domain !== DIRECT_DOMAIN ? `https://${appKey}.${DIRECT_DOMAIN}` : url;
}
