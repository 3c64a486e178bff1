/** The doctor's checks of the gateway and the project, against servers on this machine. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { openApp } from "../../tools/app.ts";
import { checkGateway } from "../../tools/doctor/gateway_check.ts";
import { checkProject } from "../../tools/doctor/project_check.ts";
import { createAppFiles } from "../cli/app_files.ts";

const environment = (values: Record<string, string>) => ({ get: (name: string) => values[name] });
/** Nothing listens there. */
const CLOSED = "http://127.0.0.1:9";

function serve(handler: (request: Request) => Response) {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handler);
  const url = `http://127.0.0.1:${server.addr.port}`;
  return { url, [Symbol.asyncDispose]: () => server.shutdown() };
}

Deno.test("says what OpenRouter says about the key", async (t) => {
  const cases = [
    { status: 200, data: { limit_remaining: 4.5 }, level: "ok", text: "may spend 4.50 USD" },
    { status: 200, data: { limit_remaining: null }, level: "ok", text: "no limit of its own" },
    { status: 200, data: { limit_remaining: 0 }, level: "fail", text: "has spent its limit" },
    { status: 401, data: undefined, level: "fail", text: "rejects OPENROUTER_API_KEY" },
    { status: 404, data: undefined, level: "note", text: "is not tested" },
  ];
  for (const { status, data, level, text } of cases) {
    await t.step(`${level} when it answers ${status} ${JSON.stringify(data)}`, async () => {
      await using gateway = serve((request) => {
        assertEquals(new URL(request.url).pathname, "/api/v1/key");
        assertEquals(request.headers.get("authorization"), "Bearer sk-or-v1-secret");
        return Response.json({ data }, { status });
      });
      const [finding] = await checkGateway(environment({
        OPENROUTER_API_KEY: "sk-or-v1-secret",
        OPENROUTER_BASE_URL: `${gateway.url}/api/v1`,
      }));
      assertEquals(finding?.level, level);
      assertStringIncludes(finding!.text, text);
    });
  }
});

Deno.test("fails when OpenRouter cannot be reached, and only notes that a key is missing", async () => {
  const settings = { OPENROUTER_API_KEY: "sk-or-v1-secret", OPENROUTER_BASE_URL: CLOSED };
  const [unreachable] = await checkGateway(environment(settings));
  assertEquals([unreachable?.level, unreachable?.text], ["fail", `${CLOSED} cannot be reached`]);
  const [missing] = await checkGateway(environment({}));
  assertEquals(missing?.level, "note");
});

Deno.test("notes that no project is linked, and fails when the project cannot be reached", async () => {
  using folder = createAppFiles();
  const app = openApp(folder.root);
  const [unlinked] = await checkProject(app, [], environment({}));
  assertEquals(unlinked?.level, "note");
  const settings = { INSFORGE_BASE_URL: CLOSED, INSFORGE_API_KEY: "ik_secret" };
  const [unreachable] = await checkProject(app, [], environment(settings));
  assertEquals([unreachable?.level, unreachable?.text], ["fail", `${CLOSED} cannot be reached`]);
});

Deno.test("lists what the linked project lacks", async () => {
  await using project = serve((request) => {
    assertEquals(request.headers.get("authorization"), "Bearer ik_secret");
    const { pathname } = new URL(request.url);
    const answers: Record<string, unknown> = {
      "/api/functions": { functions: [{ slug: "chat", status: "active" }], runtime: {} },
      "/api/secrets": { secrets: [{ key: "API_KEY", isActive: true }] },
      "/api/database/migrations": { migrations: [] },
    };
    return Response.json(answers[pathname], { status: answers[pathname] ? 200 : 404 });
  });
  const link = JSON.stringify({ oss_host: project.url, api_key: "ik_secret" });
  using folder = createAppFiles({ ".insforge/project.json": link });
  const findings = await checkProject(
    openApp(folder.root),
    ["chat", "stream"],
    environment({ USER_USD_PER_DAY: "1" }),
  );
  const text = findings.map(({ level, text }) => `${level} ${text}`).join("\n");
  assertStringIncludes(text, `ok ${project.url} accepts the key; 1 functions are deployed`);
  assertStringIncludes(text, "note lacks function stream, migration ai-");
  assertStringIncludes(text, "secret USER_USD_PER_DAY");
  assertStringIncludes(text, "fail OPENROUTER_API_KEY is set neither here nor in the project");
});
