/** The parts of a deploy that need no project. */
import { assertEquals, assertRejects } from "@std/assert";
import { settingNames } from "../../shared/settings.ts";
import { systemClock } from "../../tools/deploy/clock.ts";
import { History } from "../../tools/deploy/history.ts";
import { planMigrations } from "../../tools/deploy/migrations.ts";
import { findPlatform } from "../../tools/deploy/plan.ts";
import { readSecretValues, redact, SECRET_NAMES } from "../../tools/deploy/redaction.ts";
import { runSmokeTest } from "../../tools/deploy/smoke.ts";
import { WriteBudget } from "../../tools/deploy/write_budget.ts";
import { FakeClock } from "../support/deploy_target.ts";

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

Deno.test("finds a cloud project by its functions URL or by its host name", () => {
  assertEquals(findPlatform("https://insforge.example.com", "https://f.test"), "cloud");
  assertEquals(findPlatform("https://app.eu-central.insforge.app", null), "cloud");
  for (
    const url of ["http://localhost:7130", "https://insforge.app.test", "https://notinsforge.app"]
  ) {
    assertEquals(findPlatform(url, undefined), "self-hosted");
  }
});

Deno.test("gives migrations versions of today, or just above the project's newest", () => {
  const files = ["a", "b", "c"].map((name, i) => ({ version: String(i), name, sql: "select 1" }));
  const plan = (...applied: [version: string, name: string][]) =>
    planMigrations(
      files,
      applied.map(([version, name]) => ({ version, name, statements: [], createdAt: "" })),
      NOW,
    ).map(({ version, name }) => `${version} ${name}`);
  assertEquals(plan(), ["20260102030405 a", "20260102030406 b", "20260102030407 c"]);
  assertEquals(plan(["9", "x"], ["10", "b"]), ["20260102030405 a", "20260102030406 c"]);
  const digits = "9".repeat(64);
  assertEquals(plan([digits.slice(1), "a"], ["3", "c"]), [`1${"0".repeat(63)} b`]);
});

Deno.test("redacts secrets, longer ones first, and leaves short words", () => {
  const secrets = ["ik_12345678", "ik_1234567890", "true", ""];
  assertEquals(
    redact("ik_1234567890 and ik_12345678: true", secrets),
    "[redacted] and [redacted]: true",
  );
});

Deno.test("redacts keys, and no other setting", () => {
  const values: Record<string, string> = {
    ALLOWED_MODELS: "openai/gpt-4o-mini",
    INSFORGE_API_KEY: "ik_12345678",
    KEYS_ENCRYPTION_KEY: `${"a".repeat(64)}, ${"b".repeat(64)}`,
  };
  const secrets = readSecretValues({ get: (name) => values[name] });
  const text = `openai/gpt-4o-mini-tts with ik_12345678 and ${"b".repeat(64)}`;
  assertEquals(redact(text, secrets), "openai/gpt-4o-mini-tts with [redacted] and [redacted]");
});

Deno.test("treats every setting named like a key or a secret as secret, except the public ones", () => {
  const isPublic = ["ANON_KEY", "JWT_PUBLIC_KEY", "LEGACY_ALLOW_API_KEY", "REQUIRE_USER_KEY"];
  const called = settingNames.filter((name) => /_(KEY|SECRET)$/.test(name));
  const expected = called.filter((name) => !isPublic.includes(name));
  assertEquals(SECRET_NAMES.toSorted(), [...expected, "INSFORGE_API_KEY"].toSorted());
});

Deno.test("passes the smoke test on an error of this package, also behind a proxy that changes request ids", async () => {
  const body = { error: "AUTH_INVALID_CREDENTIALS", message: "No token provided", statusCode: 401 };
  await ask((request) => {
    const headers = { "X-Request-Id": request.headers.get("X-Request-Id")! };
    return new Response("whatever", { status: 405, headers });
  });
  await ask(() => Response.json(body, { status: 401, headers: { "X-Request-Id": "proxy-1" } }));
  await ask(() => Response.json({ error: { message: "No", code: "x" } }, { status: 404 }));
});

Deno.test("fails the smoke test on every response of the platform itself", async () => {
  for (
    const answer of [
      () => Response.json({ error: "Function not found" }, { status: 404 }),
      () => Response.json({ error: "Function not found or not active" }, { status: 404 }),
      () => Response.json({ error: "Function execution failed", message: "x" }, { status: 500 }),
      () => Response.json({ error: "Worker execution error" }, { status: 500 }),
      () =>
        Response.json({ error: "INTERNAL_ERROR", message: "", statusCode: 500 }, { status: 500 }),
      () => Response.json({ status: "ok", type: "insforge-functions" }),
      () => new Response("<html>", { status: 200 }),
    ]
  ) {
    await assertRejects(() => ask(answer), Error, "the smoke test failed: POST http://127.0.0.1");
  }
  await assertRejects(() => smoke("http://127.0.0.1:9/chat"), Error, "fails: ");
});

Deno.test("tests a plain function of the app with OPTIONS, and accepts its own responses", async () => {
  const methods: string[] = [];
  const answer = (status: number) => ({ method }: Request) => {
    methods.push(method);
    return new Response(null, { status });
  };
  for (const status of [200, 204, 401, 405]) await ask(answer(status), { isPlain: true });
  assertEquals([...new Set(methods)], ["OPTIONS"]);
  for (const status of [404, 500, 502]) {
    const failed = ask(answer(status), { isPlain: true });
    await assertRejects(() => failed, Error, `the smoke test failed: OPTIONS http://127.0.0.1`);
  }
});

Deno.test("counts writes by the headers of InsForge, and by itself without them", async () => {
  const clock = new FakeClock();
  const lines: string[] = [];
  const budget = new WriteBudget(clock, (line) => lines.push(line));
  for (let i = 0; i < 15; i++) await budget.take(1);
  assertEquals(lines, []);
  const started = clock.now();
  await budget.take(1);
  assertEquals(clock.now() - started, 300_000);

  // A limit of one leaves no write to undo another.
  const told = { "RateLimit-Limit": "1", "RateLimit-Remaining": "1", "RateLimit-Reset": "10" };
  budget.note(200, new Headers(told));
  await budget.take(2);
  assertEquals(clock.now() - started, 300_000);
  await budget.take(2);
  assertEquals(clock.now() - started, 310_000);

  budget.note(429, new Headers({ "Retry-After": "7" }));
  await budget.take(1);
  assertEquals(clock.now() - started, 317_000);
  assertEquals(lines.at(-1), "waiting 0:07: InsForge accepts 1 writes of functions in 5 minutes");
});

Deno.test("keeps the history of ten deploys for each project", async () => {
  await Deno.mkdir(".local", { recursive: true });
  const folder = await Deno.makeTempDir({ dir: ".local" });
  try {
    const one = (run: number) => new History(folder, "http://127.0.0.1:1", NOW + run);
    const other = new History(folder, "http://127.0.0.1:2", NOW);
    assertEquals(await one(0).readLatest([]), []);
    for (let run = 0; run < 12; run++) {
      await one(run).begin();
      await one(run).keep("chat", { name: "chat", description: null, code: String(run) });
    }
    for (let run = 11; run >= 2; run--) {
      const [kept] = await one(99).readLatest([]);
      assertEquals(kept!.previous?.code, String(run));
      await one(99).forgetRolledBack(kept!);
    }
    assertEquals(await one(99).readLatest([]), []);
    assertEquals(await other.readLatest(["chat"]), []);
    const below = new History(folder, "http://127.0.0.1:1/second", NOW);
    await one(12).begin();
    await one(12).keep("chat", undefined);
    assertEquals(await below.readLatest(["chat"]), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("ends a pause when its signal is aborted", async () => {
  const controller = new AbortController();
  const sleeping = systemClock.sleep(60_000, controller.signal);
  controller.abort(new Error("enough"));
  await assertRejects(() => sleeping, Error, "enough");
  await assertRejects(() => systemClock.sleep(60_000, controller.signal), Error, "enough");
});

async function ask(
  answer: (request: Request) => Response,
  options: { isPlain?: boolean } = {},
): Promise<void> {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    answer,
  );
  await smoke(`http://127.0.0.1:${server.addr.port}/functions/chat`, options);
}

async function smoke(url: string, options: { isPlain?: boolean } = {}): Promise<void> {
  const signal = new AbortController().signal;
  await runSmokeTest(url, { tries: 2, clock: new FakeClock(), signal, ...options });
}
