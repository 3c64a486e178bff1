/**
 * Inputs that once went wrong, one JSON file each in `tests/cases/`: what the caller sends, what the
 * provider responds, and what the caller must get.
 */
import { assertEquals, assertObjectMatch, assertStringIncludes } from "@std/assert";
import { createRouter, loadFunctions } from "../tools/functions.ts";
import { type CaseReply, createProvider } from "./cases/provider.ts";
import { createEnvironment, createRequest } from "./support/caller.ts";

const FOLDER = new URL("cases/", import.meta.url);

/** One request to the functions, sent with a signed-in user's token. */
interface CaseRequest {
  path: string;
  /** POST when there is a body, GET otherwise. */
  method?: string;
  headers?: Record<string, string>;
  body?: unknown;
}

/** What a response must have. */
interface Expected {
  status: number;
  /** Fields of the JSON body; other fields may be there. */
  body?: Record<string, unknown>;
  /** Texts that the body must contain. */
  contains?: string[];
}

interface Case {
  /** What happens, in one line: the title of the test. */
  situation: string;
  request: CaseRequest | CaseRequest[];
  /** The provider's replies in turn; the last one repeats. */
  upstream: CaseReply[];
  /** The response to each request. */
  expected: Expected | Expected[];
  /** How many requests reach the provider in all. */
  upstream_requests: number;
  settings?: Record<string, string>;
}

const functions = await loadFunctions();

for (const { name } of [...Deno.readDirSync(FOLDER)].sort((a, b) => a.name < b.name ? -1 : 1)) {
  if (!name.endsWith(".json")) continue;
  const one: Case = JSON.parse(Deno.readTextFileSync(new URL(name, FOLDER)));
  Deno.test(`${name}: ${one.situation}`, { timeout: 60_000 }, async () => {
    await using provider = await createProvider(one.upstream);
    const settings = { OPENROUTER_BASE_URL: provider.url, ...one.settings };
    const route = createRouter(functions, createEnvironment(settings));
    const expected = [one.expected].flat();
    for (const [i, { path, method, headers, body }] of [one.request].flat().entries()) {
      const options = { path, method: method ?? (body ? "POST" : "GET"), headers };
      const response = await route(createRequest(body, options));
      const text = await response.text();
      const wanted = expected[i]!;
      assertEquals(response.status, wanted.status, text);
      if (wanted.body) assertObjectMatch(JSON.parse(text), wanted.body);
      for (const part of wanted.contains ?? []) assertStringIncludes(text, part);
    }
    assertEquals(provider.requests.length, one.upstream_requests);
  });
}
