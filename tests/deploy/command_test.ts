/** `deno task deploy` as a process: real artefacts in a real worker, exit codes and output. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createClient } from "@insforge/sdk";
import { createDemoData, DEMO_USERS } from "../../tools/local/insforge/demo.ts";
import { createEmbeddedInsForge, type EmbeddedInsForge } from "../../tools/local/insforge/mod.ts";
import { completion, createUpstream, type Upstream } from "../support/upstream.ts";

const API_KEY = "ik_canary0123456789abcdef";
const OPENROUTER_API_KEY = "sk-or-v1-canary-0123456789abcdef";
const ROOT = new URL("../../", import.meta.url);
const [demo] = DEMO_USERS;

const opened = new AsyncDisposableStack();
let insforge: EmbeddedInsForge;
let upstream: Upstream;
let url: string;

console.log = () => {};

Deno.test.beforeAll(async () => {
  upstream = opened.use(await createUpstream());
  insforge = opened.adopt(
    await createEmbeddedInsForge({ baseUrl: () => url, apiKey: API_KEY }),
    ({ close }) => close(),
  );
  await createDemoData(insforge);
  const server = opened.use(
    Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, insforge.handler),
  );
  url = `http://127.0.0.1:${server.addr.port}`;
});
Deno.test.afterAll(async () => {
  await opened.disposeAsync();
  const folder = new URL(`.local/deploy/${new URL(url).host.replace(":", "_")}`, ROOT);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("exits with a code and one message for each failure", async () => {
  for (
    const [args, code, message] of [
      [["chatt"], 4, /^Unknown function chatt; the functions are .*\bchat\b/],
      [["--nonsense"], 1, /^Unknown option '--nonsense'\n\ndeno task deploy \[slug…\]\n/],
      [["--list", "--rollback"], 1, /^--rollback and --list cannot be combined/],
      [["--list", "chat"], 1, /^--list cannot be combined with slugs/],
      [["--platform", "moon"], 1, /^--platform must be "cloud" or "self-hosted"/],
      [["--rollback", "v1"], 4, /^No previous code of v1 is kept/],
      [["--help"], 0, /^deno task deploy \[slug…\]/],
    ] as [string[], number, RegExp][]
  ) {
    const ended = await runDeploy(args);
    assertEquals(ended.code, code, ended.output);
    assertMatch(ended.output, message);
  }
  const { code, output } = await runDeploy(["--list"], "ik_wrong");
  assertEquals([code, output.trim()], [5, `${url} refuses the key: Invalid API key`]);
});

const DEPLOYS = "deploys functions that work, and deletes them with --rollback when they are named";
// The first call of a function starts InsForge's runtime, which ends with InsForge.
const LEAVES_RUNTIME = { sanitizeOps: false, sanitizeResources: false };
Deno.test(DEPLOYS, LEAVES_RUNTIME, async () => {
  const { code, output } = await runDeploy(["chat", "summarize-records"]);
  assertEquals([code, output.match(/deployed/g)?.length], [0, 2], output);
  assertMatch(output, /^secret OPENROUTER_API_KEY: set$/m);
  assertStringIncludes(output, `chat: deployed; ${url}/functions/chat answers`);

  const client = createClient({ baseUrl: url, isServerMode: true });
  const { data: session } = await client.auth.signInWithPassword(demo);
  const signedIn = createClient({ baseUrl: url, accessToken: session!.accessToken! });

  // After the first call the ledger asks for the price catalogue.
  upstream.reply({ json: completion({ content: "Hello!" }) }, { json: { data: [] } });
  const chat = await signedIn.functions.invoke("chat", { body: { prompt: "Hi" } });
  assertEquals([chat.error, chat.data?.text], [null, "Hello!"]);
  const { headers } = upstream.requests[0]!;
  assertEquals(headers.get("authorization"), `Bearer ${OPENROUTER_API_KEY}`);

  upstream.reply({ json: completion({ content: "Many tickets" }) });
  const body = { table: "support_tickets", limit: 10 };
  const { data: summary } = await signedIn.functions.invoke("summarize-records", { body });
  assertEquals([summary.summary, summary.rows_read], ["Many tickets", 10]);

  assertMatch((await runDeploy(["--list"])).output, /2 functions\nchat {2}active/);
  assertMatch((await runDeploy(["--rollback"])).output, /^There is nothing to put back/);
  const rolledBack = await runDeploy(["--rollback", "chat", "summarize-records"]);
  assertEquals([rolledBack.code, rolledBack.output.match(/was new, deleted/g)?.length], [0, 2]);
  assertEquals((await signedIn.functions.invoke("chat")).error?.statusCode, 404);
});

/** Runs the task as a developer does. */
async function runDeploy(args: string[], key = API_KEY) {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "deploy", ...args],
    cwd: ROOT,
    env: {
      NO_COLOR: "1",
      INSFORGE_BASE_URL: url,
      INSFORGE_API_KEY: key,
      OPENROUTER_API_KEY,
      OPENROUTER_BASE_URL: upstream.url,
    },
    stdin: "null",
  });
  const { code, stdout, stderr } = await command.output();
  const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assert(!output.includes("canary"), "a secret was printed");
  return { code, output };
}
