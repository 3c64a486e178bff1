/** `deno task deploy` against a project on this machine, in success and in failure. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import type { Artefact } from "../tools/build/bundle.ts";
import { DeployFailure } from "../tools/deploy/failure.ts";
import { deploy, type DeployContext, listFunctions } from "../tools/deploy/mod.ts";
import { Project } from "../tools/deploy/project.ts";
import { rollBack } from "../tools/deploy/roll_back.ts";
import {
  API_KEY,
  createDeployTarget,
  type DeployTarget,
  FakeClock,
  throwingCode,
  workingCode,
} from "./support/deploy_target.ts";

const OPENROUTER_KEY = "sk-or-v1-canary-0123456789abcdef";

const clock = new FakeClock();
let target: DeployTarget;
let folder: string;
let output: string[];

Deno.test.beforeAll(async () => {
  target = await createDeployTarget(clock);
});
Deno.test.afterAll(async () => await target[Symbol.asyncDispose]());
Deno.test.beforeEach(async () => {
  await target.clear();
  await Deno.mkdir(".local", { recursive: true });
  folder = await Deno.makeTempDir({ dir: ".local", prefix: "deploy-test-" });
  output = [];
});
Deno.test.afterEach(async () => {
  await Deno.remove(folder, { recursive: true });
  assert(!output.join("\n").includes("canary"), "a secret was printed");
});

Deno.test("deploy creates functions, tests each with one request and prints its URL", async () => {
  await deploy(context({ chat: workingCode("1"), stream: workingCode("1") }));
  assertEquals(Object.keys(target.running()), ["chat", "stream"]);
  assertEquals(output.slice(-2), [
    `chat: deployed; ${target.url}/functions/chat answers`,
    `stream: deployed; ${target.url}/functions/stream answers`,
  ]);
  assertEquals(writes(), ["POST /api/functions", "POST /api/functions"]);
});

Deno.test("deploy replaces code and keeps name, description and status", async () => {
  const name = "Our chat";
  await store("chat", { code: workingCode("1"), name, description: "Talks" });
  await store("stream", { code: workingCode("1"), name: "Ours", status: "draft" });
  await deploy(context({ chat: workingCode("2"), stream: workingCode("2") }));
  const chat = await stored("chat");
  assertEquals([chat.name, chat.description, chat.code], [name, "Talks", workingCode("2")]);
  const stream = await stored("stream");
  assertEquals([stream.name, stream.description, stream.status, stream.code], [
    "Ours",
    null,
    "draft",
    workingCode("2"),
  ]);
  assertEquals(writes(), ["PUT /api/functions/chat", "PUT /api/functions/stream"]);
  assertStringIncludes(output.at(-1)!, "a draft, not served");
});

Deno.test("deploy writes nothing when the project has the code already", async () => {
  await deploy(context({ chat: workingCode("1") }));
  target.calls = [];
  await deploy(context({ chat: workingCode("1") }));
  assertEquals(writes(), []);
  assertMatch(output.at(-1)!, /^chat: unchanged; .* answers/);
});

Deno.test("deploy --dry-run prints the plan and changes nothing", async () => {
  await store("chat", { code: workingCode("1") });
  await secret("OPENROUTER_CHAT_MODEL", "openai/gpt-4o");
  await migration("20260101000000_dry-run.sql", "select 1");
  const settings = { OPENROUTER_API_KEY: OPENROUTER_KEY, OPENROUTER_CHAT_MODEL: "other/model" };
  const artefacts = { chat: workingCode("2"), stream: workingCode("1") };
  await deploy(context(artefacts, settings), { dryRun: true });
  assertEquals(output, [
    `project    ${target.url}, self-hosted`,
    `migration  dry-run as ${toStamp(clock.now())}`,
    "secret     OPENROUTER_API_KEY: set",
    "secret     OPENROUTER_CHAT_MODEL: is set in the project, stays as it is",
    "function   chat: replace, 0.2 KB",
    "function   stream: create, 0.2 KB",
    "writes     2 of functions; InsForge accepts 15 in 5 minutes",
    "dry run: nothing has changed",
  ]);
  assertEquals(writes(), []);
  assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["migrations"]);
});

Deno.test("deploy warns of a missing gateway key and of a runtime that is down, and continues", async () => {
  target.intercept = async (request, next) => {
    const answer = await next();
    if (!request.url.endsWith("/api/functions")) return answer;
    return Response.json({ ...await answer.json(), runtime: { status: "unavailable" } });
  };
  await deploy(context({}), { dryRun: true });
  assertEquals(output.filter((line) => line.startsWith("warning")), [
    "warning    OPENROUTER_API_KEY is set neither here nor in the project; no model can be called",
    "warning    the project's function runtime does not respond",
  ]);
});

Deno.test("deploy sets missing secrets and leaves existing ones as they are", async () => {
  await secret("OPENROUTER_API_KEY", "the-project's-own");
  const settings = {
    OPENROUTER_API_KEY: OPENROUTER_KEY,
    OPENROUTER_CHAT_MODEL: " openai/gpt-4o ",
    OPENROUTER_APP_NAME: "",
    API_KEY: "ik_canary-of-this-machine",
    JWT_SECRET: "canary-of-this-machine",
    INSFORGE_BASE_URL: "http://canary.test",
    INSFORGE_INTERNAL_URL: "http://canary.test",
    PORT: "1234",
  };
  await deploy(context({}, settings), { only: "secrets" });
  assertEquals(writes(), ["POST /api/secrets"]);
  assertEquals(await valueOf("OPENROUTER_API_KEY"), "the-project's-own");
  assertEquals(await valueOf("OPENROUTER_CHAT_MODEL"), "openai/gpt-4o");
  assertEquals(await valueOf("API_KEY"), API_KEY);
});

Deno.test("deploy refuses an invalid setting before anything is written", async () => {
  const running = deploy(context({ chat: workingCode("1") }, { MAX_PROMPT_CHARS: "many" }));
  await assertRejects(() => running, Error, "MAX_PROMPT_CHARS must be a whole number");
  assertEquals(writes(), []);
});

Deno.test("deploy refuses settings that cannot work together before anything is written", async () => {
  const settings = {
    ALLOWED_MODELS: "openai/*",
    OPENROUTER_CHAT_MODEL: "anthropic/claude-sonnet-4",
    REQUIRE_USER_KEY: "true",
  };
  const failure = await assertRejects(
    () => deploy(context({ chat: workingCode("1") }, settings)),
    DeployFailure,
  );
  assertEquals(failure.message.split("\n"), [
    "Nothing is deployed:",
    "- KEYS_ENCRYPTION_KEY is missing: REQUIRE_USER_KEY cannot work without it",
    '- OPENROUTER_CHAT_MODEL is "anthropic/claude-sonnet-4", which ALLOWED_MODELS does not allow',
  ]);
  assertEquals(writes(), []);
});

Deno.test("deploy refuses limits for a project that has no API_KEY", async () => {
  target.intercept = async (request, next) => {
    const response = await next();
    if (!request.url.endsWith("/api/secrets")) return response;
    const { secrets } = await response.json();
    return Response.json({
      secrets: secrets.filter(({ key }: { key: string }) => key !== "API_KEY"),
    });
  };
  await assertRejects(
    () => deploy(context({}, { USER_USD_PER_DAY: "0.5" }), { dryRun: true }),
    DeployFailure,
    "API_KEY is missing: USER_USD_PER_DAY cannot work without it",
  );
});

Deno.test("deploy does not judge settings whose value only the project knows", async () => {
  await secret("ALLOWED_MODELS", "anthropic/*");
  await secret("KEYS_ENCRYPTION_KEY", "0".repeat(64));
  const settings = {
    ALLOWED_MODELS: "openai/*",
    OPENROUTER_CHAT_MODEL: "anthropic/claude-sonnet-4",
    REQUIRE_USER_KEY: "true",
    USER_USD_PER_DAY: "0.5",
  };
  await deploy(context({}, settings), { dryRun: true });
  assertEquals(output.at(-1), "dry run: nothing has changed");
});

Deno.test("deploy warns of a default model that ALLOWED_MODELS does not allow, for the functions it deploys", async () => {
  await deploy(
    context({ "image-gen": workingCode("1") }, {
      ALLOWED_MODELS: "openai/*",
      OPENROUTER_API_KEY: OPENROUTER_KEY,
    }),
    {
      dryRun: true,
    },
  );
  assertEquals(output.filter((line) => line.startsWith("warning")), [
    'warning    ALLOWED_MODELS does not allow "google/gemini-2.5-flash-image", the default of ' +
    "OPENROUTER_IMAGE_MODEL: image-gen will reject requests that name no model",
  ]);
});

Deno.test("deploy --only-secrets deploys no function", async () => {
  const settings = { OPENROUTER_API_KEY: OPENROUTER_KEY };
  await migration("1_only-secrets.sql", "select 1");
  await deploy(context({ chat: workingCode("1") }, settings), { only: "secrets" });
  assertEquals(writes(), ["POST /api/secrets"]);
});

Deno.test("deploy --only-migrations writes no function and no secret", async () => {
  const settings = { OPENROUTER_API_KEY: OPENROUTER_KEY };
  await migration("1_only-migrations.sql", "select 1");
  await deploy(context({ chat: workingCode("1") }, settings), { only: "migrations" });
  assertEquals(writes(), ["POST /api/database/migrations"]);
});

Deno.test("deploy applies each migration once, with a version above the project's newest", async () => {
  const head = "30000101000000";
  await target.admin("POST", "/api/database/migrations", {
    version: head,
    name: "of-the-app",
    sql: "create table of_the_app (id int)",
  });
  await migration("0002_second.sql", "insert into first values (1)");
  await migration("0001_first.sql", "create table first (id int)");
  await deploy(context({ chat: workingCode("1") }));
  const applied = await listMigrations();
  assertEquals(applied.slice(0, 2), [["30000101000002", "second"], ["30000101000001", "first"]]);
  target.calls = [];
  await deploy(context({ chat: workingCode("1") }));
  assertEquals(writes(), []);
  assertEquals(await listMigrations(), applied);
});

Deno.test("deploy stops at a migration that fails, before any function changes", async () => {
  await migration("1_fails.sql", "select * from nowhere");
  const failure = await assertRejects(
    () => deploy(context({ chat: workingCode("1") })),
    DeployFailure,
  );
  assertMatch(failure.message, /^migration fails: .*"nowhere" does not exist/);
  assertStringIncludes(failure.message, "No function has changed");
  assertEquals(writes(), ["POST /api/database/migrations"]);
});

Deno.test("deploy refuses a migration file with an invalid name before anything is written", async () => {
  await migration("init.sql", "select 1");
  await assertRejects(() => deploy(context({})), DeployFailure, "init.sql must be named");
  assertEquals(target.calls, []);
});

Deno.test("deploy puts back a function that fails its test, and does not begin the next ones", async () => {
  await store("stream", { code: workingCode("1"), name: "Ours", description: "Streams" });
  const artefacts = {
    chat: workingCode("2"),
    stream: throwingCode("2"),
    v1: workingCode("2"),
  };
  const failure = await assertRejects(() => deploy(context(artefacts)), DeployFailure);
  assertEquals(failure.message.split("\n"), [
    `stream: the smoke test failed: POST ${target.url}/functions/stream answers 500 {"error":"thrown by 2"}`,
    "stream: its previous code is back",
    "done: chat; not begun: v1",
    "The same command again does the rest",
  ]);
  const { name, description, code } = await stored("stream");
  assertEquals([name, description, code], ["Ours", "Streams", workingCode("1")]);
  assertEquals(Object.keys(target.running()), ["chat", "stream"]);
});

Deno.test("deploy deletes a new function that fails its test", async () => {
  const failure = await assertRejects(
    () => deploy(context({ chat: throwingCode("1") })),
    DeployFailure,
  );
  assertStringIncludes(failure.message, "chat: it was new, and is deleted again");
  assertEquals(target.running(), {});
});

Deno.test("deploy sends the cloud artefact to a cloud project, and tests it at the project's functions URL", async () => {
  target.cloud = true;
  await store("of-the-app", { code: workingCode("1") });
  await deploy(context({ chat: workingCode("1") }));
  assertEquals(output[0], `project    ${target.url}, cloud`);
  assertEquals(Object.keys(target.running()), ["chat", "of-the-app"]);
  assertStringIncludes(output.at(-1)!, `${target.url}/cloud/chat answers`);
});

Deno.test("deploy prints the build log when a cloud deployment fails, and puts back the previous code", async () => {
  target.cloud = true;
  await store("chat", { code: workingCode("1") });
  target.findFault = ({ functions }) =>
    functions.chat?.includes("// 2") ? "[error] chat.ts: bad\nline 2" : undefined;
  const failure = await assertRejects(
    () => deploy(context({ chat: workingCode("2"), stream: workingCode("2") })),
    DeployFailure,
  );
  assertEquals(failure.message.split("\n"), [
    "chat: InsForge could not deploy it. Its build logs end with:",
    "  [error] chat.ts: bad",
    "  line 2",
    "chat: its previous code is back",
    "done: none; not begun: stream",
    "The same command again does the rest",
  ]);
  assertEquals((await stored("chat")).code, workingCode("1"));
  assertEquals(target.running(), { chat: workingCode("1") });
});

Deno.test("deploy reports code that it could not put back, and --rollback puts it back later", async () => {
  target.cloud = true;
  await store("chat", { code: workingCode("1") });
  target.findFault = () => "[error] the platform is broken";
  const failure = await assertRejects(
    () => deploy(context({ chat: workingCode("2") })),
    DeployFailure,
  );
  assertStringIncludes(failure.message, "previous code could NOT be put back");
  assertStringIncludes(failure.message, "deno task deploy --rollback chat");
  target.findFault = () => undefined;
  await store("chat", { code: workingCode("3") });
  await rollBack(context({}), ["chat"]);
  assertEquals(target.running(), { chat: workingCode("1") });
});

Deno.test("deploy writes one function on cloud when nothing changed, to check that the stored code deploys", async () => {
  target.cloud = true;
  await store("chat", { code: workingCode("1") });
  await store("stream", { code: workingCode("1") });
  target.calls = [];
  const artefacts = { chat: workingCode("1"), stream: workingCode("1") };
  await deploy(context(artefacts));
  assertEquals(writes(), ["PUT /api/functions/chat"]);
  target.findFault = () => "[error] it never did";
  await assertRejects(() => deploy(context(artefacts)), DeployFailure, "it never did");
});

Deno.test("deploy refuses a slug on cloud that would break the project's other functions", async () => {
  target.cloud = true;
  await store("image_gen", { code: workingCode("1") });
  target.calls = [];
  await assertRejects(
    () => deploy(context({ "image-gen": workingCode("1") })),
    DeployFailure,
    `"image-gen" differs from another only by - and _`,
  );
  assertEquals(writes(), []);
});

Deno.test("deploy puts the old code back when the project runs on another platform than expected", async () => {
  await store("chat", { code: workingCode("1") });
  for (const platform of ["cloud", "self-hosted"] as const) {
    target.cloud = platform === "self-hosted";
    const failure = await assertRejects(
      () => deploy(context({ chat: workingCode("2") }), { platform }),
      DeployFailure,
    );
    assertMatch(failure.message, /deploy with --platform (cloud|self-hosted)\nchat: its previous/);
    assert(!failure.message.includes(`--platform ${platform}`));
    assertEquals((await stored("chat")).code, workingCode("1"));
  }
});

Deno.test("deploy repeats its test until a new revision responds", async () => {
  target.cloud = true;
  let missing = 3;
  target.intercept = (request, next) =>
    request.url.includes("/cloud/") && missing-- > 0
      ? Promise.resolve(Response.json({ error: "Function not found" }, { status: 404 }))
      : next();
  const started = clock.now();
  // A new project has no functions URL yet that would show its platform.
  await deploy(context({ chat: workingCode("1") }), { platform: "cloud" });
  assertEquals(clock.now() - started, 6_000);
});

Deno.test("deploy waits to stay within 15 writes in 5 minutes, and says so", async () => {
  const slugs = Array.from({ length: 20 }, (_, i) => `f${i}`);
  const started = clock.now();
  await deploy(context(Object.fromEntries(slugs.map((slug) => [slug, workingCode("1")]))));
  assertEquals(Object.keys(target.running()).length, 20);
  assertEquals(writes().length, 20);
  assertEquals(clock.now() - started, 300_000);
  const waits = output.filter((line) => line.startsWith("waiting"));
  assertEquals(waits.length, 10);
  assertEquals(waits[0], "waiting 5:00: InsForge accepts 15 writes of functions in 5 minutes");
  assertEquals(waits[9], "waiting 0:30: InsForge accepts 15 writes of functions in 5 minutes");
});

Deno.test("deploy waits when other clients have used up the writes", async () => {
  for (let i = 0; i < 15; i++) await target.admin("DELETE", "/api/functions/none");
  clock.ms += 60_000;
  const started = clock.now();
  await deploy(context({ chat: workingCode("1") }));
  assertEquals(clock.now() - started, 240_000);
  assertStringIncludes(output.join("\n"), "waiting 4:00");
});

Deno.test("deploy fails when InsForge accepts no write at all", async () => {
  target.intercept = (request, next) =>
    request.method === "POST"
      ? Promise.resolve(
        Response.json({ error: "TOO_MANY_REQUESTS", message: "Too many" }, { status: 429 }),
      )
      : next();
  const failure = await assertRejects(
    () => deploy(context({ chat: workingCode("1") })),
    DeployFailure,
  );
  assertEquals(failure.message.split("\n").slice(0, 2), [
    "chat: InsForge rejects it with 429 TOO_MANY_REQUESTS: Too many",
    "chat: nothing has changed in the project",
  ]);
  assertEquals(writes().length, 4);
});

Deno.test("deploy sends nothing when an artefact fails its checks", async () => {
  const build = () => Promise.reject(new Error("cloud/chat.ts: TS2451 in line 3"));
  await assertRejects(() => deploy({ ...context({}), build }), Error, "TS2451");
  assertEquals(writes(), []);
});

Deno.test("deploy begins no write that it could not undo", async () => {
  for (let i = 0; i < 13; i++) await target.admin("DELETE", "/api/functions/none");
  await store("stream", { code: workingCode("1") });
  // One write is left, and only the first response says so.
  clock.ms += 60_000;
  await assertRejects(
    () => deploy(context({ chat: workingCode("1"), stream: throwingCode("2") })),
    DeployFailure,
    "its previous code is back",
  );
  assertEquals(target.running(), { chat: workingCode("1"), stream: workingCode("1") });
  assertEquals(output.filter((line) => line.startsWith("waiting")).length, 8);
});

Deno.test("deploy repeats a request whose response is lost", async () => {
  const lost = new Set<string>();
  target.intercept = async (request, next) => {
    const { pathname } = new URL(request.url);
    const answer = await next();
    if (request.method === "GET" || lost.has(pathname)) return answer;
    lost.add(pathname);
    return new Response("<html>Gateway Timeout</html>", { status: 504 });
  };
  await migration("1_lost.sql", "create table lost (id int)");
  await store("stream", { code: workingCode("1") });
  target.calls = [];
  const settings = { OPENROUTER_API_KEY: OPENROUTER_KEY };
  await deploy(context({ chat: workingCode("1"), stream: workingCode("2") }, settings));
  assertEquals(target.running(), { chat: workingCode("1"), stream: workingCode("2") });
  assertEquals(writes(), [
    "POST /api/database/migrations",
    "POST /api/database/migrations",
    "POST /api/secrets",
    "POST /api/secrets",
    "POST /api/functions",
    "POST /api/functions",
    "PUT /api/functions/chat",
    "PUT /api/functions/chat",
    "PUT /api/functions/stream",
    "PUT /api/functions/stream",
  ]);
});

Deno.test("rollback puts back the code that the latest deploy replaced, then the code before that", async () => {
  await store("chat", { code: workingCode("1"), name: "Ours", description: "Talks" });
  await deploy(context({ chat: workingCode("2"), stream: workingCode("2") }));
  clock.ms += 1_000;
  await deploy(context({ chat: workingCode("3"), stream: workingCode("2") }));
  await rollBack(context({}), [], { dryRun: true });
  assertEquals(output.at(-1), "chat: previous code put back (dry run)");
  await rollBack(context({}), []);
  assertEquals(target.running(), { chat: workingCode("2"), stream: workingCode("2") });
  await rollBack(context({}), []);
  assertEquals(output.slice(-2), [
    "chat: previous code put back",
    'stream: created by that deploy, stays; "deno task deploy --rollback stream" deletes it',
  ]);
  assertEquals(target.running(), { chat: workingCode("1"), stream: workingCode("2") });
  const { name, description } = await stored("chat");
  assertEquals([name, description], ["Ours", "Talks"]);
});

Deno.test("rollback deletes a function that a deploy created only when its slug is named", async () => {
  await deploy(context({ chat: workingCode("1"), stream: workingCode("1") }));
  const failure = await assertRejects(() => rollBack(context({}), []), DeployFailure);
  assertEquals(failure.kind, "notFound");
  assertEquals(
    failure.message,
    `There is nothing to put back: the latest deploy to ${target.url} created chat, stream; ` +
      '"deno task deploy --rollback chat stream" deletes them',
  );
  assertEquals(Object.keys(target.running()), ["chat", "stream"]);
  await rollBack(context({}), ["chat"]);
  assertEquals(output.at(-1), "chat: was new, deleted");
  assertEquals(Object.keys(target.running()), ["stream"]);
});

Deno.test("rollback changes nothing after a deploy that changed nothing", async () => {
  const artefacts = { chat: workingCode("1"), stream: workingCode("1") };
  await deploy(context(artefacts));
  clock.ms += 1_000;
  await deploy(context(artefacts));
  target.calls = [];
  await assertRejects(
    () => rollBack(context({}), []),
    DeployFailure,
    "There is nothing to put back: the latest deploy",
  );
  assertEquals([target.running(), writes()], [artefacts, []]);
});

Deno.test("rollback changes nothing after a failed deploy that put everything back", async () => {
  await deploy(context({ chat: workingCode("1") }));
  clock.ms += 1_000;
  await assertRejects(() => deploy(context({ chat: throwingCode("2") })), DeployFailure);
  await assertRejects(
    () => rollBack(context({}), []),
    DeployFailure,
    "There is nothing to put back: the latest deploy",
  );
  assertEquals(target.running(), { chat: workingCode("1") });
});

Deno.test("rollback changes nothing after a deploy that failed before its first function", async () => {
  await store("chat", { code: workingCode("1") });
  await deploy(context({ chat: workingCode("2") }));
  clock.ms += 1_000;
  await migration("1_rolled-back.sql", "select * from nowhere");
  await assertRejects(() => deploy(context({ chat: workingCode("3") })), DeployFailure);
  await assertRejects(() => rollBack(context({}), []), DeployFailure, "There is nothing to put");
  assertEquals(target.running(), { chat: workingCode("2") });
});

Deno.test("rollback puts back code of an older deploy when the slug is named", async () => {
  await store("chat", { code: workingCode("1") });
  await deploy(context({ chat: workingCode("2") }));
  clock.ms += 1_000;
  await deploy(context({ chat: workingCode("2") }));
  await rollBack(context({}), ["chat"]);
  assertEquals(target.running(), { chat: workingCode("1") });
});

Deno.test("rollback names the functions of which it keeps nothing", async () => {
  const failure = await assertRejects(() => rollBack(context({}), ["chat", "v1"]), DeployFailure);
  assertEquals(
    [failure.kind, failure.message],
    ["notFound", `No previous code of chat, v1 is kept for ${target.url}`],
  );
  await assertRejects(() => rollBack(context({}), []), DeployFailure, "or there was none");
});

Deno.test("rollback of one function leaves the others, and writes nothing when the code is back already", async () => {
  await store("chat", { code: workingCode("1") });
  await deploy(context({ chat: workingCode("2"), stream: workingCode("2") }));
  await store("chat", { code: workingCode("1") });
  target.calls = [];
  await rollBack(context({}), ["chat"]);
  assertEquals([output.at(-1), writes()], ["chat: has its previous code already", []]);
  assertEquals(Object.keys(target.running()), ["chat", "stream"]);
});

Deno.test("the history for rollbacks holds code and no key", async () => {
  await store("chat", { code: workingCode("1") });
  await deploy(context({ chat: workingCode("2") }, { OPENROUTER_API_KEY: OPENROUTER_KEY }));
  const texts = await readAll(folder);
  assertEquals(texts.length, 1);
  assertEquals(JSON.parse(texts[0]!), { name: "chat", description: null, code: workingCode("1") });
});

Deno.test("list prints every function of the project with its URL", async () => {
  await store("chat", { code: workingCode("1") });
  await store("app", { code: workingCode("1"), status: "draft" });
  await listFunctions(context({}));
  assertEquals(output[0], `${target.url}: 2 functions`);
  assertMatch(output[1]!, new RegExp(`^app  draft  2\\S+Z  ${target.url}/functions/app$`));
  assertMatch(output[2]!, new RegExp(`^chat  active  2\\S+Z  ${target.url}/functions/chat$`));
});

Deno.test("fails with a message of its own for a wrong key, another server and no server", async () => {
  const wrong = new Project({ url: target.url, key: "ik_wrong" }, clock, print);
  const refused = await assertRejects(
    () => deploy({ ...context({}), project: wrong }),
    DeployFailure,
    "refuses the key: Invalid API key",
  );
  assertEquals(refused.kind, "refused");

  for (
    const answer of [
      () => new Response("<html>Welcome</html>"),
      () => new Response("<html>Not found</html>", { status: 404 }),
      () => Response.json({ ok: true }),
      () => Response.redirect("http://127.0.0.1:9/login", 302),
    ]
  ) {
    target.intercept = () => Promise.resolve(answer());
    await assertRejects(() => deploy(context({})), DeployFailure, "not an InsForge project");
  }

  const nobody = new Project({ url: "http://127.0.0.1:9", key: API_KEY }, clock, print);
  await assertRejects(
    () => deploy({ ...context({}), project: nobody }),
    DeployFailure,
    "http://127.0.0.1:9 cannot be reached",
  );
  assertEquals(writes(), []);
});

for (const path of ["/api/functions/chat", "/api/secrets", "/api/database/migrations"]) {
  Deno.test(`changes nothing when another server answers ${path}`, async () => {
    await store("chat", { code: workingCode("1") });
    await migration("1_any.sql", "select 1");
    for (
      const answer of [
        () => new Response("<html>Welcome</html>"),
        () => new Response("<html>Not found</html>", { status: 404 }),
        () => Response.json({}),
      ]
    ) {
      target.intercept = (request, next) =>
        request.method === "GET" && new URL(request.url).pathname === path
          ? Promise.resolve(answer())
          : next();
      target.calls = [];
      await assertRejects(
        () => deploy(context({ chat: throwingCode("2") })),
        DeployFailure,
        "not an InsForge project",
      );
      assertEquals([target.running(), writes()], [{ chat: workingCode("1") }, []]);
    }
  });
}

/** The context of a deploy of these functions, with these settings on this machine. */
function context(
  functions: Record<string, string>,
  settings: Record<string, string> = {},
): DeployContext {
  const artefacts = (platform: Artefact["platform"]): Artefact[] =>
    Object.entries(functions).map(([slug, code]) => ({ platform, slug, code }));
  return {
    project: new Project({ url: target.url, key: API_KEY }, clock, print),
    build: (platform) => Promise.resolve(artefacts(platform)),
    environment: { get: (name) => settings[name] },
    migrationFolders: [`${folder}/migrations`],
    historyFolder: `${folder}/deploy`,
    clock,
    print,
    signal: new AbortController().signal,
  };
}

function print(line: string): void {
  output.push(line);
}

/** The calls that change something. */
function writes(): string[] {
  return target.calls.filter((call) => !call.startsWith("GET"));
}

/** Puts a function into the project by hand. */
async function store(slug: string, fields: Record<string, string>): Promise<void> {
  const { status } = await target.admin("PUT", `/api/functions/${slug}`, fields);
  if (status === 404) {
    await target.admin("POST", "/api/functions", { slug, name: slug, ...fields });
  }
}

async function stored(slug: string) {
  return await (await target.admin("GET", `/api/functions/${slug}`)).json();
}

async function secret(key: string, value: string): Promise<void> {
  await target.admin("POST", "/api/secrets", { key, value });
}

async function valueOf(key: string): Promise<string> {
  return (await (await target.admin("GET", `/api/secrets/${key}`)).json()).value;
}

async function migration(file: string, sql: string): Promise<void> {
  await Deno.mkdir(`${folder}/migrations`, { recursive: true });
  await Deno.writeTextFile(`${folder}/migrations/${file}`, sql);
}

async function listMigrations(): Promise<string[][]> {
  const { migrations } = await (await target.admin("GET", "/api/database/migrations")).json();
  return migrations.map(({ version, name }: Record<string, string>) => [version, name]);
}

function toStamp(ms: number): string {
  return new Date(ms).toISOString().replace(/\D/g, "").slice(0, 14);
}

async function readAll(path: string): Promise<string[]> {
  const texts: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(path)) {
    if (isDirectory) texts.push(...await readAll(`${path}/${name}`));
    else texts.push(await Deno.readTextFile(`${path}/${name}`));
  }
  return texts;
}
