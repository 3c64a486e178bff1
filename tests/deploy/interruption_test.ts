/** Deploys that are interrupted: each function has old or new code, and the next run does the rest. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { DeployFailure } from "../../tools/deploy/failure.ts";
import { deploy, type DeployContext } from "../../tools/deploy/mod.ts";
import { Project } from "../../tools/deploy/project.ts";
import {
  API_KEY,
  createDeployTarget,
  type DeployTarget,
  FakeClock,
  workingCode,
} from "../support/deploy_target.ts";

const SLUGS = ["chat", "embeddings", "stream"];
const SETTINGS: Record<string, string> = { OPENROUTER_API_KEY: "sk-or-v1-canary" };

const clock = new FakeClock();
let target: DeployTarget;
let folder: string;
let output: string[];
let interruption: AbortController;

Deno.test.beforeAll(async () => {
  target = await createDeployTarget(clock);
  await Deno.mkdir(".local", { recursive: true });
  folder = await Deno.makeTempDir({ dir: ".local", prefix: "deploy-test-" });
});
Deno.test.afterAll(async () => {
  await target[Symbol.asyncDispose]();
  await Deno.remove(folder, { recursive: true });
});

for (const cloud of [false, true]) {
  const place = cloud ? "cloud" : "self-hosted";

  Deno.test(`leaves old or new code and says which when interrupted at any request, ${place}`, async () => {
    for (let stopAt = 1;; stopAt++) {
      await prepare(cloud);
      let requests = 0;
      target.intercept = async (_request, next) => {
        if (++requests === stopAt) {
          interruption.abort(new DeployFailure("Interrupted", "interrupted"));
        }
        return await next();
      };
      const outcome = await run();
      assertOldOrNew();
      if (interruption.signal.aborted && outcome) {
        assertEquals((outcome as DeployFailure).kind, "interrupted");
        assertTellsState(outcome.message);
      }
      target.intercept = (_request, next) => next();
      await finish();
      if (!interruption.signal.aborted) return assert(stopAt > 14, `only ${stopAt} requests`);
    }
  });

  Deno.test(`leaves old or new code when killed after any request, ${place}`, async () => {
    for (let lastSeen = 1;; lastSeen++) {
      await prepare(cloud);
      let requests = 0;
      // To the project, a killed caller and a cut connection are the same.
      target.intercept = async (_request, next) =>
        ++requests > lastSeen ? new Response(null, { status: 503 }) : await next();
      const outcome = await run();
      assertOldOrNew();
      target.intercept = (_request, next) => next();
      await finish();
      if (!outcome) return assert(lastSeen >= 14, `only ${lastSeen} requests`);
    }
  });
}

Deno.test("ends at once when interrupted while it waits for InsForge's limit", async () => {
  await prepare(false);
  for (let i = 0; i < 15; i++) await target.admin("DELETE", "/api/functions/none");
  const context = createContext((line) => {
    if (line.startsWith("waiting")) {
      interruption.abort(new DeployFailure("Interrupted", "interrupted"));
    }
  });
  const failure = await assertRejects(() => deploy(context), DeployFailure);
  assertStringIncludes(failure.message, "Interrupted; chat: it has not changed");
  assertStringIncludes(failure.message, "done: none; not begun: embeddings, stream");
  assertEquals(output.filter((line) => line.startsWith("waiting")).length, 1);
  assertOldOrNew();
});

/** Prepares a project with old code of all functions but one, which it lacks. */
async function prepare(cloud: boolean): Promise<void> {
  await target.clear();
  target.cloud = cloud;
  for (const slug of ["chat", "embeddings"]) {
    await target.admin("POST", "/api/functions", { name: slug, slug, code: workingCode("old") });
  }
  clock.ms += 300_000;
  output = [];
  interruption = new AbortController();
}

async function run(): Promise<Error | undefined> {
  try {
    await deploy(createContext());
  } catch (failure) {
    return failure as Error;
  }
}

/** Runs the same command again, without an interruption. */
async function finish(): Promise<void> {
  const { signal: _, ...context } = createContext();
  clock.ms += 300_000;
  await deploy({ ...context, signal: new AbortController().signal });
  assertEquals(
    target.running(),
    Object.fromEntries(SLUGS.map((slug) => [slug, workingCode("new")])),
  );
}

function assertOldOrNew(): void {
  for (const [slug, code] of Object.entries(target.running())) {
    assert([workingCode("old"), workingCode("new")].includes(code), slug);
  }
}

/** Checks that the message states for each function what is stored. */
function assertTellsState(message: string): void {
  const running = target.running();
  const isNew = (slug: string) => running[slug] === workingCode("new");
  const [, deployed = "", left = ""] = /done: (.*); not begun: (.*)/.exec(message) ?? [];
  for (const slug of SLUGS) {
    if (deployed.split(", ").includes(slug)) assert(isNew(slug), `${slug} is not new: ${message}`);
    if (left.split(", ").includes(slug)) assert(!isNew(slug), `${slug} is not old: ${message}`);
  }
  const [, slug, state] = /Interrupted; (\S+): (its new code|it has not)/.exec(message) ?? [];
  if (slug) assertEquals(isNew(slug), state === "its new code", message);
  assert(deployed || message.includes("No function has changed"), message);
}

function createContext(listen: (line: string) => void = () => {}): DeployContext {
  const print = (line: string) => {
    output.push(line);
    listen(line);
  };
  return {
    project: new Project({ url: target.url, key: API_KEY }, clock, print),
    build: (platform) =>
      Promise.resolve(SLUGS.map((slug) => ({ platform, slug, code: workingCode("new") }))),
    environment: { get: (name) => SETTINGS[name] },
    migrationFolders: [`${folder}/migrations`],
    historyFolder: `${folder}/deploy`,
    clock,
    print,
    signal: interruption.signal,
  };
}
