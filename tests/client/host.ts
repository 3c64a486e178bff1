/** A client in front of a scripted host, which plays the functions or what stands before them. */
import {
  type AiClient,
  type ConnectionOptions,
  createAiClient,
  type SummaryPart,
} from "../../client/mod.ts";
import type { Upstream } from "../support/upstream.ts";

/** A client whose user is signed in. */
export function createClientOf(
  host: Pick<Upstream, "url">,
  options: Partial<ConnectionOptions> = {},
): AiClient {
  return createAiClient({ functionsUrl: host.url, getAccessToken: () => "token", ...options });
}

/** A client that gets this one answer, whatever it asks. */
export function createClientFor(answer: () => Response): AiClient {
  return createClientOf({ url: "http://host.test" }, { fetch: () => Promise.resolve(answer()) });
}

/** Reads a stream to its end. */
export async function collect<Part extends SummaryPart>(
  parts: AsyncIterable<Part>,
): Promise<Part[]> {
  const all: Part[] = [];
  for await (const part of parts) all.push(part);
  return all;
}

/** Parts as an app would show them: what goes on with the same kind is one part. */
export function join(parts: SummaryPart[]): SummaryPart[] {
  const joined: SummaryPart[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (part.type === "text" && last?.type === "text") last.text += part.text;
    else if (part.type === "refusal" && last?.type === "refusal") last.text += part.text;
    else joined.push({ ...part });
  }
  return joined;
}
