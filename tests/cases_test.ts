/**
 * Inputs that once went wrong, one JSON file each in `tests/cases/`: what the caller sends, what the
 * provider responds, and what the caller must get.
 */
import { assert, assertEquals, assertObjectMatch, assertStringIncludes } from "@std/assert";
import { createRouter, loadFunctions } from "../tools/functions.ts";
import { startStack } from "../tools/local/stack.ts";
import { type CaseReply, createProvider, type Provider, toText } from "./cases/provider.ts";
import { createEnvironment, createRequest, TOKEN } from "./support/caller.ts";
import { getAccessToken } from "./support/session.ts";

const FOLDER = new URL("cases/", import.meta.url);

/** One request to the functions, sent with a signed-in user's token. */
interface CaseRequest {
  path: string;
  /** POST when there is a body, GET otherwise. */
  method?: string;
  /** `$TOKEN` stands for the user's token. */
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
  /** The body must be the bytes of the provider's first reply. */
  unchanged?: true;
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
  /** SQL to run first on an embedded InsForge. */
  setup_sql?: string[];
  /** What all requests together must add to the user's ledger in an embedded InsForge, USD. */
  usd?: { min: number; max: number };
}

/** Sends a request to the functions. */
type Send = (path: string, init: RequestInit) => Promise<Response>;

const functions = await loadFunctions();
const cases = new Map<string, Case>();
for (const { name } of Deno.readDirSync(FOLDER)) {
  if (!name.endsWith(".json")) continue;
  cases.set(name, JSON.parse(Deno.readTextFileSync(new URL(name, FOLDER))));
}
const needsInsForge = ({ setup_sql, usd }: Case) => Boolean(setup_sql ?? usd);

for (const [name, one] of cases) {
  if (needsInsForge(one)) continue;
  Deno.test(`${name}: ${one.situation}`, { timeout: 60_000 }, async () => {
    await using provider = await createProvider(one.upstream);
    const settings = { OPENROUTER_BASE_URL: provider.url, ...one.settings };
    const route = createRouter(functions, createEnvironment(settings));
    await playAll(one, provider, (path, { method, headers, body }) => {
      const options = { path, method, headers: headers as Record<string, string>, token: null };
      return route(createRequest(undefined, { ...options, raw: body ?? undefined }));
    }, TOKEN);
  });
}

Deno.test("cases with an embedded InsForge", { timeout: 120_000 }, async (t) => {
  await using provider = await createProvider();
  const settings: Record<string, string> = { PORT: "0", INSFORGE_PORT: "0", OPENROUTER_PORT: "0" };
  settings.OPENROUTER_BASE_URL = provider.url;
  await using stack = await startStack({ get: (name) => settings[name] });
  const token = await getAccessToken(stack);
  const send: Send = (path, init) => fetch(`${stack.functionsUrl}${path}`, init);
  const readUsd = async () => {
    const response = await send("/usage", { headers: { Authorization: `Bearer ${token}` } });
    return (await response.json()).today.usd as number;
  };
  for (const [name, one] of cases) {
    if (!needsInsForge(one)) continue;
    await t.step(`${name}: ${one.situation}`, async () => {
      for (const statement of one.setup_sql ?? []) await stack.insforge!.sql(statement);
      provider.play(one.upstream);
      const before = await readUsd();
      await playAll(one, provider, send, token);
      const usd = await readUsd() - before;
      const { min, max } = one.usd ?? { min: 0, max: Infinity };
      assert(usd >= min && usd <= max, `${usd} USD were charged`);
    });
  }
});

async function playAll(one: Case, provider: Provider, send: Send, token: string): Promise<void> {
  const expected = [one.expected].flat();
  for (const [i, { path, body, ...request }] of [one.request].flat().entries()) {
    const headers = Object.entries({ authorization: "Bearer $TOKEN", ...request.headers })
      .map(([name, value]) => [name, value.replace("$TOKEN", token)]);
    const response = await send(path, {
      method: request.method ?? (body ? "POST" : "GET"),
      headers: { "content-type": "application/json", ...Object.fromEntries(headers) },
      body: body ? JSON.stringify(body) : undefined,
    });
    const text = await response.text();
    const wanted = expected[i]!;
    assertEquals(response.status, wanted.status, text);
    if (wanted.body) assertObjectMatch(JSON.parse(text), wanted.body);
    for (const part of wanted.contains ?? []) assertStringIncludes(text, part);
    if (wanted.unchanged) assertEquals(text, toText(one.upstream[0]!));
  }
  assertEquals(provider.requests.length, one.upstream_requests);
}
