/** The local stack as a new developer uses it: real HTTP, real rows, the real SDK, two users. */
import { createClient } from "@insforge/sdk";
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { createAiClient } from "../client/mod.ts";
import { withValues } from "../shared/settings.ts";
import { indexDemoData } from "../tools/serve/demo_index.ts";
import { describeStack } from "../tools/local/banner.ts";
import { DEMO_USERS } from "../tools/local/insforge/demo.ts";
import { type Stack, startStack } from "../tools/local/stack.ts";
import { createEnvironment, TOKEN } from "./support/caller.ts";
import { getAccessToken } from "./support/session.ts";

const ANY_PORT: Record<string, string> = { PORT: "0", INSFORGE_PORT: "0", OPENROUTER_PORT: "0" };
/** A project with another InsForge, so that only a simulated OpenRouter is started. */
const SIMULATED_OPENROUTER = createEnvironment({
  ...ANY_PORT,
  OPENROUTER_API_KEY: undefined,
  OPENROUTER_BASE_URL: undefined,
});
const [demo, second] = DEMO_USERS;
console.log = () => {};

Deno.test("the local stack", async (t) => {
  await using stack = await startStack({ get: (name) => ANY_PORT[name] });

  await t.step("answers GET /health once everything is up", async () => {
    const response = await fetch(`${stack.functionsUrl}/health`);
    assertEquals([response.status, await response.json()], [200, { status: "ok" }]);
  });

  await t.step("prints URLs, keys and users", () => {
    const text = describeStack(stack);
    const { ANON_KEY, API_KEY } = stack.insforge!.secrets;
    const { functionsUrl, insforgeUrl, openrouterUrl } = stack;
    for (const value of [functionsUrl, insforgeUrl, openrouterUrl, ANON_KEY, API_KEY]) {
      assertStringIncludes(text, value!);
    }
    for (const { email, password } of DEMO_USERS) {
      assertMatch(text, new RegExp(`^User +${email} +${password}$`, "m"));
    }
    assertEquals(text.match(/for development only/g)?.length, 2);
  });

  await t.step("prints commands that work when pasted", async () => {
    await indexDemoData(stack);
    const commands = [
      ...describeStack(stack).matchAll(
        /^curl -sN (\S+) -H "Authorization: Bearer \$\(curl -s (\S+) .* -d '(.*)' \| sed .*-d '(.*)'$/gm,
      ),
    ];
    const answers = await Promise.all(commands.map(async ([, url, sessions, user, body]) => {
      const headers = { "Content-Type": "application/json" };
      const session = await fetch(sessions!, { method: "POST", headers, body: user });
      const token = (await session.text()).replace(/.*"accessToken":"([^"]*)".*/, "$1");
      const Authorization = `Bearer ${token}`;
      const answer = await fetch(url!, {
        method: "POST",
        headers: { ...headers, Authorization },
        body,
      });
      return await answer.text();
    }));
    assertMatch(answers[0]!, /data: \[DONE\]\n\n$/);
    assertEquals(JSON.parse(answers[1]!).rows_read, demo.tickets);
    const { answer, citations } = JSON.parse(answers[2]!);
    assertMatch(answer, /^Of 8 rows that the search found.* \[1\] and .* \[2\]/);
    assert(citations.every(({ similarity }: { similarity: number }) => similarity >= 0.3));
  });

  await t.step("prints code that streams when pasted into an app", async () => {
    const [, code] = /In your app:\n\n([\s\S]*?)\n\n/.exec(describeStack(stack))!;
    const lines = code!.split("\n");
    assertEquals(lines.length, 4);
    const pieces: string[] = [];
    const body = lines.slice(1).join("\n");
    const run = new Function("createAiClient", "document", `return (async () => {${body}})()`);
    await run(createAiClient, { body: { append: (text: string) => pieces.push(text) } });
    assert(pieces.length > 10, `only ${pieces.length} pieces`);
  });

  await t.step("streams an answer token by token to a signed-in user", async () => {
    const response = await post(stack, "stream", { prompt: "Name a colour" }, demo);
    assertEquals(response.headers.get("content-type"), "text/event-stream");
    const pieces: string[] = [];
    for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
      pieces.push(piece);
    }
    assert(pieces.length > 10, `only ${pieces.length} pieces`);
    assertMatch(pieces.join(""), /data: \[DONE\]\n\n$/);
  });

  await t.step("summarizes exactly the caller's own tickets", async () => {
    for (const [user, other] of [[demo, second], [second, demo]] as const) {
      const before = stack.openrouter!.requests.length;
      const client = createClient({
        baseUrl: stack.insforgeUrl,
        functionsUrl: stack.functionsUrl,
        accessToken: await getAccessToken(stack, user),
      });
      const { data, error } = await client.functions.invoke("summarize-records", {
        body: { table: "support_tickets", limit: 1000 },
      });
      assertEquals(error, null);
      assertEquals([data.rows_read, data.truncated], [user.tickets, false]);
      assert(data.summary.length > 20);

      const sent = stack.openrouter!.requests.slice(before).map(({ body }) => toPrompt(body));
      const read = [...sent.join("").matchAll(/^\{"id":(\d+),/gm)].map(([, id]) => Number(id));
      const own = await readTicketIds(stack, user);
      const others = await readTicketIds(stack, other);
      assertEquals(read.toSorted(ascending), own);
      assertEquals(read.filter((id) => others.includes(id)), []);
    }
  });

  await t.step("rejects a missing table or column by its name", async () => {
    for (
      const [body, status, message] of [
        [{ table: "no_such_table" }, 400, /"table" must exist/],
        [{ table: "support_tickets", columns: ["nope"] }, 400, /"columns\[0\]" must be a column/],
        [
          {
            table: "support_tickets",
            filters: [{ column: "owner", op: "eq", value: "not-a-uuid" }],
          },
          400,
          /"filters\[0\]\.value" does not match/,
        ],
        [{ table: "users" }, 400, /"table" must exist/],
      ] as [unknown, number, RegExp][]
    ) {
      const response = await post(stack, "summarize-records", body, demo);
      const answer = await response.json();
      assertEquals(response.status, status);
      assertMatch(answer.message, message);
    }
  });

  await t.step("filters, sorts and limits rows", async () => {
    const body = {
      table: "support_tickets",
      columns: ["status"],
      filters: [{ column: "status", op: "in", value: ["open"] }],
      order: { column: "created_at", ascending: false },
      limit: 3,
    };
    const answer = await (await post(stack, "summarize-records", body, demo)).json();
    assertEquals([answer.rows_read, answer.truncated], [3, true]);
    const prompt = toPrompt(stack.openrouter!.requests.at(-1)!.body);
    assertEquals(prompt.match(/^\{"status":"open"\}$/gm)?.length, 3);
  });

  await t.step("embeds texts, makes an image, and saves it as the caller", async () => {
    const embedded = await (await post(stack, "embeddings", { input: ["a", "b"] }, demo)).json();
    assertEquals([embedded.embeddings.length, embedded.embeddings[0].length], [2, 1536]);

    const save = { bucket: "images", prefix: "tests/" };
    const drawn = await (await post(stack, "image-gen", { prompt: "a cat", save }, demo)).json();
    const [{ url, key, media_type }] = drawn.images;
    assertMatch(key, /^tests\/[\w-]{36}\.png$/);
    const stored = await fetch(url);
    assertEquals([stored.status, stored.headers.get("content-type")], [200, media_type]);
    assertEquals([...await stored.bytes()].slice(1, 4), [...new TextEncoder().encode("PNG")]);

    const missing = { bucket: "nowhere" };
    const refused = await post(stack, "image-gen", { prompt: "a cat", save: missing }, demo);
    assertEquals([refused.status, (await refused.json()).error], [400, "STORAGE_NOT_FOUND"]);
  });

  await t.step(
    "lets users connect from the playground, by both host names of this machine",
    async () => {
      for (const name of ["127.0.0.1", "localhost"]) {
        const return_url = `${stack.functionsUrl.replace("127.0.0.1", name)}/`;
        const started = await post(stack, "connect/start", { return_url }, demo);
        assertMatch((await started.json()).url, /\/auth\?callback_url=/);
      }
    },
  );

  await t.step("serves the functions below InsForge's own URL, too", async () => {
    const client = createClient({
      baseUrl: stack.insforgeUrl,
      accessToken: await getAccessToken(stack, demo),
    });
    const { data } = await client.functions.invoke("chat", { body: { prompt: "Hello" } });
    assertEquals(data.finish_reason, "stop");
  });
});

Deno.test("the local stack uses another OpenRouter and another InsForge when the settings name them", async () => {
  await using stack = await startStack({ get: (name) => ANY_PORT[name] });
  const settings: Record<string, string> = {
    ...ANY_PORT,
    INSFORGE_BASE_URL: stack.insforgeUrl,
    OPENROUTER_BASE_URL: stack.openrouterUrl,
    OPENROUTER_API_KEY: "sk-or-v1-another",
  };
  await using other = await startStack({ get: (name) => settings[name] });
  assertEquals([other.insforge, other.openrouter], [undefined, undefined]);
  const response = await post(other, "summarize-records", { table: "support_tickets" }, second);
  assertEquals((await response.json()).rows_read, 50);
  const { headers } = stack.openrouter!.requests.at(-1)!;
  assertEquals(new Headers(headers).get("authorization"), "Bearer sk-or-v1-another");
});

Deno.test("the local stack ends without waiting for a stream in flight", async () => {
  const stack = await startStack(SIMULATED_OPENROUTER);
  const simulate = { fail: "stall", after: 1 };
  const { body } = await fetch(`${stack.functionsUrl}/stream`, {
    method: "POST",
    headers: { Authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify({ prompt: "Take your time", simulate }),
  });
  const reader = body!.getReader();
  await reader.read();
  await stack[Symbol.asyncDispose]();
  await assertRejects(() => reader.read());
});

Deno.test("the local stack names the setting when it cannot listen on a port", async () => {
  for (const [name, value] of [["HOST", "192.0.2.1"], ["PORT", "nonsense"]] as const) {
    const { message } = await assertRejects(() =>
      startStack(withValues({ [name]: value }, SIMULATED_OPENROUTER))
    );
    assertMatch(message, new RegExp(`\\b${name}\\b`));
  }
});

Deno.test("the local stack treats a blank OPENROUTER_BASE_URL as not set", async () => {
  const blank = withValues({ OPENROUTER_BASE_URL: " " }, SIMULATED_OPENROUTER);
  await using stack = await startStack(blank);
  assertMatch(stack.openrouterUrl, /^http:\/\/127\.0\.0\.1:/);
});

/** The text of the user's message. */
function toPrompt(body: unknown): string {
  return (body as { messages: { content: string }[] }).messages[1]!.content;
}

function ascending(a: number, b: number): number {
  return a - b;
}

async function post(
  stack: Stack,
  slug: string,
  body: unknown,
  user: { email: string; password: string },
): Promise<Response> {
  return await fetch(`${stack.functionsUrl}/${slug}`, {
    method: "POST",
    headers: {
      Authorization: `Bearer ${await getAccessToken(stack, user)}`,
      "Content-Type": "application/json",
    },
    body: JSON.stringify(body),
  });
}

async function readTicketIds(
  stack: Stack,
  user: { email: string; password: string },
): Promise<number[]> {
  const client = createClient({
    baseUrl: stack.insforgeUrl,
    accessToken: await getAccessToken(stack, user),
  });
  const { data } = await client.database.from("support_tickets").select("id");
  return data!.map(({ id }) => id as number).toSorted(ascending);
}
