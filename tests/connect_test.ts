/** `connect` end to end, with an embedded InsForge and an OpenRouter that checks the challenge. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { mock } from "node:test";
import { DEMO_USERS } from "../tools/local/insforge/demo.ts";
import { type Stack, startStack } from "../tools/local/stack.ts";

const RETURN_URL = "https://app.example.com/settings?tab=ai";
const OLD_KEY = "a1".repeat(32);
const NEW_KEY = "b2".repeat(32);
const lines: string[] = [];
console.log = (line: string) => void lines.push(line);

Deno.test("connect", async (t) => {
  const values: Record<string, string> = {
    PORT: "0",
    INSFORGE_PORT: "0",
    OPENROUTER_PORT: "0",
    KEYS_ENCRYPTION_KEY: OLD_KEY,
    CONNECT_RETURN_URLS: RETURN_URL,
  };
  // Settings are kept for a second, so the clock jumps ahead when they change.
  const now = performance.now.bind(performance);
  let ahead = 0;
  using clock = new DisposableStack();
  mock.method(performance, "now", () => now() + ahead);
  clock.defer(() => mock.restoreAll());
  const change = (name: string, value: string) => {
    values[name] = value;
    ahead += 1_000;
  };

  await using stack = await startStack({ get: (name) => values[name] });
  const [alice, bob] = await Promise.all(DEMO_USERS.map((user) => signIn(stack, user)));
  const secrets: string[] = [];

  await t.step(
    "connects a user who starts, authorizes at OpenRouter, and comes back",
    async () => {
      assertEquals(await alice!.get("status"), {
        status: 200,
        body: { connected: false, required: false },
      });
      const { code, state } = await authorize(alice!);
      secrets.push(code, state);
      const { status, body } = await alice!.post("callback", { code, state });
      assertEquals(status, 200);
      const { label, connected_at, manage_url, ...rest } = body;
      assertEquals(rest, {
        connected: true,
        required: false,
        valid: true,
        limit: 1_000,
        limit_remaining: 1_000,
        usage: 0,
        expires_at: null,
      });
      assertMatch(label, /^sk-or-v1-\w{3}\.\.\.\w{3}$/);
      assertMatch(manage_url, /^http:\/\/127\.0\.0\.1:\d+\/keys\/[0-9a-f]{64}$/);
      assert(Math.abs(Date.now() - Date.parse(connected_at)) < 60_000);
      // Two paths of the same operation.
      assertEquals((await alice!.get("status")).body, body);
      assertEquals((await alice!.get("")).body, body);
    },
  );

  await t.step(
    "sends the calls of a connected user with their own key, and other calls with the project's",
    async () => {
      const before = stack.openrouter!.bill("project");
      const key = await usedKey(stack, alice!);
      secrets.push(key);
      assertMatch(key, /^sk-or-v1-[0-9a-f]{64}$/);
      assertEquals(stack.openrouter!.bill(key).generations, 1);
      assertEquals(stack.openrouter!.bill("project"), before);
      assertEquals(await usedKey(stack, bob!), "sk-or-v1-local");
      assertEquals(stack.openrouter!.bill("project").generations, before.generations + 1);
      assertEquals((await alice!.get("status")).body.usage, stack.openrouter!.bill(key).total);
    },
  );

  await t.step("stores the key encrypted, where no client role can read it", async () => {
    const [row, ...others] = await readRows(stack);
    assertEquals(others, []);
    assertMatch(row!.key!, /^[0-9a-f]{8}\.[\w-]+$/);
    for (const secret of secrets) assertEquals(JSON.stringify(row).includes(secret), false);
    for (const token of [alice!.token, bob!.token, stack.insforge!.secrets.ANON_KEY]) {
      const response = await fetch(`${stack.insforgeUrl}/api/database/records/ai_user_keys`, {
        headers: { Authorization: `Bearer ${token}` },
      });
      const text = await response.text();
      assert([401, 403].includes(response.status), text);
      assertEquals(text.includes(row!.key!), false);
    }
  });

  await t.step("does not decrypt a row that was copied to another user", async () => {
    await stack.insforge!.sql(
      "insert into ai_user_keys (user_id, key) select $1, key from ai_user_keys",
      [bob!.id],
    );
    const { status, body } = await bob!.chat();
    assertEquals([status, body.error], [403, "AI_INVALID_API_KEY"]);
    assertMatch(body.nextActions, /[Cc]onnect .* again/);
    const shown = (await bob!.get("status")).body;
    assertEquals([shown.connected, shown.valid, shown.manage_url], [true, false, undefined]);
    assertEquals((await bob!.post("disconnect")).body, { connected: false, required: false });
    assertEquals(await usedKey(stack, bob!), "sk-or-v1-local");
  });

  await t.step("rejects a state that another user has started", async () => {
    // Alice sent her link to Bob, and Bob authorized it.
    const { code, state } = await authorize(alice!);
    const stolen = await bob!.post("callback", { code, state });
    assertEquals([stolen.status, stolen.body.error], [403, "FORBIDDEN"]);
    assertEquals((await bob!.get("status")).body.connected, false);
    // The rejected attempt did not use the code up.
    assertEquals((await alice!.post("callback", { code, state })).status, 200);
  });

  await t.step("accepts a code once, and only in the flow it comes from", async () => {
    const first = await authorize(bob!);
    const second = await authorize(bob!);
    const mixed = await bob!.post("callback", { code: first.code, state: second.state });
    assertEquals([mixed.status, mixed.body.error], [403, "FORBIDDEN"]);
    assertStringIncludes(mixed.body.nextActions, "route=start");
    const unknown = await bob!.post("callback", { code: "guessed", state: second.state });
    assertEquals([unknown.status, unknown.body.error], [403, "FORBIDDEN"]);

    const answers = await Promise.all([1, 2, 3].map(() => bob!.post("callback", first)));
    assertEquals(answers.map(({ status }) => status).sort(), [200, 403, 403]);
    const { body } = answers.find(({ status }) => status === 200)!;
    const replay = await bob!.post("callback", first);
    assertEquals([replay.status, replay.body.error], [403, "FORBIDDEN"]);
    assertEquals((await bob!.get("status")).body, body);
  });

  await t.step(
    "uses the project's key again after the user disconnects, once or twice",
    async () => {
      const { body: { manage_url } } = await alice!.get("status");
      const gone = await alice!.post("disconnect");
      assertEquals(gone, {
        status: 200,
        body: { connected: false, required: false, manage_url },
      });
      assertEquals((await alice!.post("disconnect")).body, { connected: false, required: false });
      assertEquals((await alice!.get("status")).body, { connected: false, required: false });
      assertEquals(await usedKey(stack, alice!), "sk-or-v1-local");
      assertEquals((await bob!.get("status")).body.connected, true);
    },
  );

  await t.step(
    "reports a key that its owner deleted at OpenRouter, and lets no other key pay",
    async () => {
      const { body } = await bob!.get("status");
      await (await fetch(body.manage_url, { method: "POST" })).body?.cancel();
      const refused = await bob!.chat();
      assertEquals([refused.status, refused.body.error], [403, "AI_INVALID_API_KEY"]);
      const { connected_at, label, manage_url } = body;
      assertEquals((await bob!.get("status")).body, {
        connected: true,
        required: false,
        valid: false,
        label,
        connected_at,
        manage_url,
      });
      // Connecting again replaces the key.
      assertEquals((await bob!.post("callback", await authorize(bob!))).body.valid, true);
      assertEquals((await bob!.chat()).status, 200);
    },
  );

  await t.step("rotates encryption keys without a new connection", async () => {
    const [before] = await readRows(stack);
    change("KEYS_ENCRYPTION_KEY", `${NEW_KEY},${OLD_KEY}`);
    assertEquals((await bob!.chat()).status, 200);
    const { body } = await bob!.get("status");
    assertEquals(body.valid, true);
    const [after] = await readRows(stack);
    assertEquals(before!.key!.slice(0, 8) === after!.key!.slice(0, 8), false);
    assertEquals([after!.created_at, after!.label], [before!.created_at, before!.label]);

    change("KEYS_ENCRYPTION_KEY", NEW_KEY);
    assertEquals((await bob!.get("status")).body, body);
    assertEquals((await bob!.chat()).status, 200);

    change("KEYS_ENCRYPTION_KEY", OLD_KEY); // which cannot read it any more
    assertEquals((await bob!.chat()).body.error, "AI_INVALID_API_KEY");
    const { valid, label, manage_url } = (await bob!.get("status")).body;
    assertEquals([valid, label, manage_url], [false, body.label, undefined]);
    change("KEYS_ENCRYPTION_KEY", NEW_KEY);
  });

  await t.step("serves only connected users with REQUIRE_USER_KEY", async () => {
    change("REQUIRE_USER_KEY", "true");
    assertEquals((await bob!.chat()).status, 200);
    const { status, body } = await alice!.chat();
    assertEquals([status, body.error], [403, "AI_INVALID_API_KEY"]);
    assertMatch(body.nextActions, /[Cc]onnect/);
    assertEquals((await alice!.get("status")).body, { connected: false, required: true });
    change("REQUIRE_USER_KEY", "false");
  });

  await t.step("accepts listed return URLs only, and names missing settings", async () => {
    const evil = await alice!.post("start", { return_url: `${RETURN_URL}.evil.example` });
    assertEquals([evil.status, evil.body.error], [400, "INVALID_INPUT"]);
    assertStringIncludes(evil.body.message, '"return_url"');
    for (const name of ["CONNECT_RETURN_URLS", "KEYS_ENCRYPTION_KEY"]) {
      const value = values[name];
      change(name, "");
      const { status, body } = await alice!.post("start", { return_url: RETURN_URL });
      assertEquals([status, body.error], [500, "INTERNAL_ERROR"]);
      assertStringIncludes(body.message, name);
      change(name, value!);
    }
  });

  await t.step("writes no key, code, state or verifier to the log", async () => {
    for (const { body } of stack.openrouter!.requests) {
      if (body?.code_verifier) secrets.push(body.code, body.code_verifier);
    }
    const { key } = (await readRows(stack))[0]!;
    assert(lines.filter((line) => line.includes('"slug":"connect"')).length > 20);
    assert(secrets.length > 10);
    for (const secret of [...secrets, key]) {
      assertEquals(lines.filter((line) => line.includes(secret!)), []);
    }
  });
});

/** A signed-in user of an app that runs on a platform without sub-paths. */
interface Caller {
  id: string;
  token: string;
  get(operation: string): Promise<Answer>;
  post(operation: string, body?: unknown): Promise<Answer>;
  chat(): Promise<Answer>;
}

interface Answer {
  status: number;
  // deno-lint-ignore no-explicit-any
  body: any;
}

async function signIn(
  { insforgeUrl, functionsUrl }: Stack,
  { email, password }: { email: string; password: string },
): Promise<Caller> {
  const headers = { "Content-Type": "application/json" };
  const body = JSON.stringify({ email, password });
  const session = await fetch(`${insforgeUrl}/api/auth/sessions`, {
    method: "POST",
    headers,
    body,
  });
  const { accessToken, user } = await session.json();
  const call = async (path: string, init: RequestInit): Promise<Answer> => {
    const response = await fetch(functionsUrl + path, {
      ...init,
      headers: { ...headers, Authorization: `Bearer ${accessToken}` },
    });
    return { status: response.status, body: await response.json() };
  };
  return {
    id: user.id,
    token: accessToken,
    get: (operation) => call(`/connect?route=${operation}`, {}),
    post: (operation, body = {}) =>
      call(`/connect?route=${operation}`, { method: "POST", body: JSON.stringify(body) }),
    chat: () => call("/chat", { method: "POST", body: JSON.stringify({ prompt: "Hello" }) }),
  };
}

/**
 * Starts a connection and presses OpenRouter's button; returns the query that the app's page gets.
 */
async function authorize(user: Caller): Promise<{ code: string; state: string }> {
  const { status, body } = await user.post("start", { return_url: RETURN_URL });
  assertEquals([status, Object.keys(body)], [200, ["url"]]);
  const response = await fetch(body.url, { method: "POST", redirect: "manual" });
  await response.body?.cancel();
  const location = new URL(response.headers.get("location")!);
  const { code, connect_state: state, ...rest } = Object.fromEntries(location.searchParams);
  assertEquals([location.origin + location.pathname, rest], [
    "https://app.example.com/settings",
    { tab: "ai" },
  ]);
  return { code: code!, state: state! };
}

/** The key that OpenRouter receives with a user's call. */
async function usedKey({ openrouter }: Stack, user: Caller): Promise<string> {
  assertEquals((await user.chat()).status, 200);
  const chats = openrouter!.requests.filter(({ path }) => path === "/api/v1/chat/completions");
  return chats.at(-1)!.headers.get("authorization")!.replace("Bearer ", "");
}

async function readRows({ insforge }: Stack): Promise<Record<string, string>[]> {
  const rows = await insforge!.sql("select * from ai_user_keys");
  return rows.map(({ created_at, ...row }) => ({ ...row, created_at: String(created_at) }));
}
