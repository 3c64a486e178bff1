/** Functions written with `withAi`, called as a platform calls them. */
import { assert, assertEquals } from "@std/assert";
import * as z from "zod/mini";
import { ApiError } from "../../shared/errors.ts";
import { type AiConfig, type AiContext, type AiHandler, withAi } from "../../shared/mod.ts";
import { API_KEY, createEnvironment, logs, send, TOKEN, USER_ID } from "../support/caller.ts";
import { completion, createUpstream } from "../support/upstream.ts";
import { createInsForge } from "./fake_insforge.ts";

const body = z.looseObject({ text: z.string() });

function call<Body>(
  config: Omit<AiConfig<Body>, "slug">,
  handler: AiHandler<Body>,
  options: { values?: Record<string, string>; token?: string | null; body?: unknown } = {},
) {
  const { values, token, body = { text: "a" } } = options;
  const edgeFunction = withAi({ slug: "probe", ...config }, handler);
  return send(edgeFunction, createEnvironment(values), body, { path: "/probe", token });
}

Deno.test("gives the handler the checked body, the user and the settings", async () => {
  const answer = await call(
    { body },
    ({ body, user, settings, request }) =>
      Response.json([body, user.id, settings.MAX_PROMPT_CHARS, request.method]),
  );
  assertEquals(answer.body, [{ text: "a" }, USER_ID, 4_000, "POST"]);
});

Deno.test("checks the credential before the body", async () => {
  const answer = await call({ body }, () => new Response(), { token: null, body: {} });
  assertEquals([answer.status, answer.body.error], [401, "AUTH_INVALID_CREDENTIALS"]);
});

Deno.test("rejects a body that does not fit the schema and names the field", async () => {
  const answer = await call({ body }, () => new Response(), { body: {} });
  assertEquals([answer.status, answer.body.message], [400, '"text" is required']);
});

Deno.test("rejects a body above maxBodyBytes", async () => {
  const options = { body: { text: "x".repeat(2_000) } };
  const answer = await call({ body, maxBodyBytes: 1_000 }, () => new Response(), options);
  assertEquals(answer.status, 413);
});

Deno.test("leaves the body to the handler when there is no schema", async () => {
  const answer = await call(
    {},
    async ({ body, request }) => Response.json([body === undefined, await request.json()]),
  );
  assertEquals(answer.body, [true, { text: "a" }]);
});

for (
  const [auth, token, status] of [
    [undefined, API_KEY, 401],
    ["api-key", API_KEY, 200],
    ["api-key", TOKEN, 403],
    ["api-key", "ik_wrong", 401],
    [["user", "api-key"], API_KEY, 200],
    [["user", "api-key"], TOKEN, 200],
    [["user", "api-key"], "ik_wrong", 401],
  ] as const
) {
  const given = token === TOKEN
    ? "a user's token"
    : token === API_KEY
    ? "the API key"
    : "a wrong key";
  Deno.test(`with auth ${JSON.stringify(auth)}, ${given} gets ${status}`, async () => {
    const config = { auth: auth as AiConfig<unknown>["auth"] };
    const options = { token, values: { API_KEY } };
    const answer = await call(config, ({ user }) => Response.json(user.id), options);
    assertEquals(answer.status, status);
    if (status === 200) assertEquals(answer.body, token === TOKEN ? USER_ID : "api-key");
  });
}

Deno.test("charges AI calls to the user", async () => {
  await using upstream = await createUpstream();
  upstream.reply({ json: completion() });
  const values = { OPENROUTER_BASE_URL: upstream.url };
  const answer = await call(
    { body },
    async ({ body, ai }) => Response.json(await ai.complete({ prompt: body.text })),
    { values },
  );
  assertEquals([answer.status, answer.body.text], [200, "Hello!"]);
  assertEquals([logs.at(-1)!.user_id, logs.at(-1)!.completion_tokens], [USER_ID, 5]);
});

Deno.test("reads and writes the database as the caller", async () => {
  await using insforge = createInsForge();
  insforge.reply(200, [{ id: 1 }]);
  insforge.reply(201, [{ id: 2 }]);
  const values = { INSFORGE_BASE_URL: insforge.url };
  const answer = await call({}, async ({ db }) => {
    const read = await db.from("notes").select("id");
    const written = await db.from("notes").insert([{ text: "x" }]).select();
    return Response.json([read.data, written.data]);
  }, { values });
  assertEquals(answer.body, [[{ id: 1 }], [{ id: 2 }]]);
  for (const { headers } of insforge.requests) {
    assertEquals(headers.get("authorization"), `Bearer ${TOKEN}`);
  }
});

Deno.test("adminDb uses the project's key and names the setting when it is missing", async () => {
  await using insforge = createInsForge();
  insforge.reply(200, []);
  const handler = async ({ adminDb }: AiContext<undefined>) =>
    Response.json((await (await adminDb()).from("notes").select()).data);
  const values = { INSFORGE_BASE_URL: insforge.url };
  assertEquals((await call({}, handler, { values: { ...values, API_KEY } })).status, 200);
  assertEquals(insforge.requests[0]!.headers.get("authorization"), `Bearer ${API_KEY}`);
  const missing = await call({}, handler, { values });
  assertEquals(missing.status, 500);
  assert(missing.body.message.includes("API_KEY"), missing.body.message);
});

Deno.test("renders an ApiError that the handler throws", async () => {
  const answer = await call({}, () => {
    throw new ApiError(404, "NOT_FOUND", "There is no such recipe");
  });
  assertEquals([answer.status, answer.body.message], [404, "There is no such recipe"]);
});

Deno.test("aborts the signal when the deadline has passed", async () => {
  const values = { REQUEST_DEADLINE_MS: "1000" };
  const answer = await call({}, async ({ signal }) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    return Response.json(signal.reason.name);
  }, { values });
  assertEquals(answer.body, "TimeoutError");
});

Deno.test("logs what to change when the schema is none, and returns 500", async () => {
  for (const schema of [{}, "text", () => {}]) {
    const answer = await call({ body: schema as unknown as typeof body }, () => new Response());
    assertEquals([answer.status, answer.body.error], [500, "INTERNAL_ERROR"]);
    assert(String(logs.at(-1)!.cause).includes("schema of zod/mini"), String(logs.at(-1)!.cause));
  }
});
