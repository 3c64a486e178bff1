/** Access tokens: where they come from, and when they are refreshed. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { AiError, createAiClient } from "../../client/mod.ts";
import { createUpstream, type Received, type Reply, streamOf } from "../support/upstream.ts";
import { collect, createClientOf } from "./host.ts";

const REQUEST = { prompt: "Hello" };
const EXPIRED: Reply = {
  status: 401,
  json: { error: "AUTH_UNAUTHORIZED", message: "Invalid token", statusCode: 401 },
};
const ANSWER: Reply = { json: { text: "Hello" } };

function toTokens(requests: Received[]): (string | null)[] {
  return requests.map(({ headers }) => headers.get("authorization"));
}

Deno.test("refreshes an expired token and repeats the request once", async () => {
  await using host = await createUpstream();
  let token = "old";
  const asked: boolean[] = [];
  const client = createClientOf(host, {
    getAccessToken({ refresh }) {
      asked.push(refresh);
      if (refresh) token = "new";
      return token;
    },
  });

  host.reply(EXPIRED, ANSWER);
  await client.chat(REQUEST);
  assertEquals(toTokens(host.requests), ["Bearer old", "Bearer new"]);
  assertEquals(asked, [false, false, true]);
  assertEquals(host.requests[0]!.body, host.requests[1]!.body);

  host.reply(EXPIRED, { sse: streamOf("Hello") });
  token = "old";
  assertEquals((await collect(client.stream(REQUEST))).at(-1)!.type, "finish");

  host.reply(EXPIRED, EXPIRED);
  token = "old";
  const { status, code } = await assertRejects(() => client.chat(REQUEST), AiError);
  assertEquals([status, code], [401, "AUTH_UNAUTHORIZED"]);
});

Deno.test("shares one refresh between requests that are rejected at the same time", async () => {
  await using host = await createUpstream();
  let token = "old";
  let refreshes = 0;
  const both = Promise.withResolvers<void>();
  const client = createClientOf(host, {
    async getAccessToken({ refresh }) {
      if (!refresh) return token;
      refreshes++;
      await both.promise;
      return token = "new";
    },
  });
  const answer = ({ headers }: Received) => {
    if (host.requests.length === 3) both.resolve();
    return headers.get("authorization") === "Bearer new" ? ANSWER : EXPIRED;
  };
  host.reply(answer, answer, answer, answer, answer, answer);
  await Promise.all([client.chat(REQUEST), client.chat(REQUEST), client.chat(REQUEST)]);
  assertEquals(refreshes, 1);
});

Deno.test("uses a token that another request has refreshed already", async () => {
  await using host = await createUpstream();
  let token = "old";
  const asked: boolean[] = [];
  const client = createClientOf(host, {
    getAccessToken({ refresh }) {
      asked.push(refresh);
      return token;
    },
  });
  host.reply(() => {
    token = "new";
    return EXPIRED;
  }, ANSWER);
  await client.chat(REQUEST);
  assertEquals(asked, [false, false]);
  assertEquals(toTokens(host.requests), ["Bearer old", "Bearer new"]);
});

Deno.test("does not repeat a request without a new token, or after another 401", async () => {
  await using host = await createUpstream();
  for (const getAccessToken of [() => "same", () => null, () => undefined]) {
    host.reply(EXPIRED);
    await assertRejects(() => createClientOf(host, { getAccessToken }).chat(REQUEST), AiError);
  }
  assertEquals(toTokens(host.requests), ["Bearer same", null, null]);

  const other = { error: "AUTH_INVALID_CREDENTIALS", message: "No token", statusCode: 401 };
  host.reply({ status: 401, json: other });
  const getAccessToken = ({ refresh }: { refresh: boolean }) => refresh ? "new" : "old";
  const thrown = await assertRejects(
    () => createClientOf(host, { getAccessToken }).chat(REQUEST),
    AiError,
  );
  assertEquals(thrown.code, "AUTH_INVALID_CREDENTIALS");
});

Deno.test("reports why an access token could not be read", async () => {
  await using host = await createUpstream();
  const cause = new Error("offline");
  const failing = createClientOf(host, { getAccessToken: () => Promise.reject(cause) });
  const error = await assertRejects(() => failing.chat(REQUEST), AiError);
  assertEquals([error.status, error.code, error.cause], [0, "NO_ACCESS_TOKEN", cause]);
  const [part] = await collect(failing.stream(REQUEST));
  assert(part?.type === "error");
  assertEquals(part.error.code, "NO_ACCESS_TOKEN");

  // Errors of InsForge's SDK: an ended session and an outage stay distinguishable.
  for (const [statusCode, code] of [[401, "AUTH_UNAUTHORIZED"], [0, "NETWORK_ERROR"]] as const) {
    host.reply(EXPIRED);
    const client = createClientOf(host, {
      getAccessToken({ refresh }) {
        if (refresh) throw Object.assign(new Error("no"), { statusCode, error: code });
        return "old";
      },
    });
    const { status, code: given } = await assertRejects(() => client.chat(REQUEST), AiError);
    assertEquals([status, given], [statusCode, code]);
  }
});

Deno.test("takes URL and tokens from an InsForge client, unless they are given", async () => {
  await using host = await createUpstream();
  await using other = await createUpstream();
  const leeways: (number | undefined)[] = [];
  const insforge = {
    functions: { functionsUrl: `${host.url}` },
    getHttpClient: () => ({
      baseUrl: other.url,
      fetch,
      getValidAccessToken(leeway?: number) {
        leeways.push(leeway);
        return Promise.resolve(leeway === Infinity ? "new" : "old");
      },
    }),
  };
  host.reply(EXPIRED, ANSWER);
  await createAiClient({ insforge }).chat(REQUEST);
  assertEquals(leeways, [undefined, undefined, Infinity]);
  assertEquals(toTokens(host.requests), ["Bearer old", "Bearer new"]);

  other.reply(ANSWER, ANSWER);
  await createAiClient({ insforge, functionsUrl: `${other.url}/` }).chat(REQUEST);
  await createAiClient({ insforge: { ...insforge, functions: {} } }).chat(REQUEST);
  assertEquals(other.requests.map(({ path }) => path), [
    "/api/v1/chat",
    "/api/v1/functions/chat",
  ]);
});
