/** Clients for a scripted server that plays the functions, or the platform in front of them. */
import {
  type AiClient,
  type AskPart,
  type ConnectionOptions,
  createAiClient,
  type DataPart,
  type SummaryPart,
} from "../../client/mod.ts";
import type { Upstream } from "../support/upstream.ts";

/** Creates a client with a signed-in user. */
export function createClientOf(
  host: Pick<Upstream, "url">,
  options: Partial<ConnectionOptions> = {},
): AiClient {
  return createAiClient({ functionsUrl: host.url, getAccessToken: () => "token", ...options });
}

/** Creates a client that gets this response to every request. */
export function createClientFor(answer: () => Response): AiClient {
  return createClientOf({ url: "http://host.test" }, { fetch: () => Promise.resolve(answer()) });
}

/** Reads a stream to its end. */
export async function collect<Part extends AskPart | SummaryPart | DataPart>(
  parts: AsyncIterable<Part>,
): Promise<Part[]> {
  const all: Part[] = [];
  for await (const part of parts) all.push(part);
  return all;
}

/** Joins neighbouring pieces of text, as an app would show them. */
export function join<Part extends AskPart | SummaryPart | DataPart>(parts: Part[]): Part[] {
  const joined: Part[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (part.type === "text" && last?.type === "text") last.text += part.text;
    else if (part.type === "refusal" && last?.type === "refusal") last.text += part.text;
    else joined.push({ ...part });
  }
  return joined;
}
