/** Cold starts on InsForge cloud: from the start of a process to its first response. */
import * as esbuild from "esbuild";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { bundleFunctions, toPath } from "../../build/bundle.ts";
import { listSlugs } from "../../functions.ts";
import { toUrl } from "../contestants.ts";
import { sendFirstRequest } from "../first_requests.ts";
import type { PartResults } from "../results.ts";
import { toMedian } from "../rounds.ts";
import type { Bench } from "../session.ts";
import { format } from "../tables.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const HOST = fileURLToPath(new URL("../../local/runtimes/cloud.ts", import.meta.url));
const START_MS = 30_000;
/** The platform has no configuration, lock file or types of this project either. */
const FLAGS = ["--quiet", "--no-prompt", "--no-config", "--no-lock", "--no-check"];
/** An app that responds with the request, and one that passes it on to the model. */
const BARE_HONO = `
  import { Hono } from "hono";
  const app = new Hono();
  app.post("/hono", async (c) => c.json(await c.req.json()));
  app.post("/hono-passthrough", async (c) =>
    fetch(Deno.env.get("OPENROUTER_BASE_URL") + "/chat/completions", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: await c.req.text(),
    }));
  export default (request) => app.fetch(request);
`;
const HONO = "hono";
const PASSTHROUGH = "hono-passthrough";
const TITLES: Record<string, string> = {
  [HONO]: "bare hono",
  [PASSTHROUGH]: "bare hono that passes the request on",
};
const ALL = "all functions";

/** What a process serves, and the function that is called first. */
interface Start {
  name: string;
  /** The URLs of the modules, by slug. */
  modules: Record<string, string>;
  slug: string;
}

/** Measures cold starts. */
export async function runColdStart(bench: Bench): Promise<PartResults> {
  const folder = await bench.createFolder();
  try {
    const modules = await writeModules(folder);
    const { [HONO]: hono, ...functions } = modules;
    const starts: Start[] = [
      ...[HONO, PASSTHROUGH].map((slug): Start => ({
        ...{ name: slug, modules: { [slug]: hono! }, slug },
      })),
      // An alias has the code of its function.
      ...listSlugs().map((slug): Start => ({
        ...{ name: slug, modules: { [slug]: functions[slug]! }, slug },
      })),
      { name: ALL, modules: functions, slug: "chat" },
    ];
    return summarize(await measureAll(bench, starts));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The milliseconds of each start in every round. */
async function measureAll(bench: Bench, starts: Start[]): Promise<Map<string, number[]>> {
  const rounds = bench.isQuick ? 2 : 7;
  const times = new Map<string, number[]>(starts.map(({ name }) => [name, []]));
  // The first round fills Deno's caches.
  for (let round = 0; round <= rounds; round++) {
    bench.report(round === 0 ? "warm-up" : `round ${round} of ${rounds}`);
    for (const start of round % 2 === 0 ? starts : starts.toReversed()) {
      const ms = await measureStart(bench, start);
      if (round > 0) times.get(start.name)!.push(ms);
    }
  }
  return times;
}

function summarize(times: Map<string, number[]>): PartResults {
  const hono = times.get(HONO)!;
  const toRatio = (list: number[]) => toMedian(list) / toMedian(hono);
  const rows = [...times].map(([name, list]) => ({
    name,
    ms: Number(toMedian(list).toFixed(1)),
    ofHono: Number(toRatio(list).toFixed(3)),
  }));
  const slowest = rows.filter(({ name }) => !Object.hasOwn(TITLES, name) && name !== ALL)
    .toSorted((a, b) => b.ofHono - a.ofHono)[0]!;
  return {
    figures: rows,
    tables: [{
      title: "Cold start, and a request in the self-hosted worker",
      group: "functions",
      note:
        "Cold: milliseconds from the start of a Deno process to the end of its first response, as " +
        "on InsForge cloud, with the user's token verified. On cloud all functions share one isolate; " +
        "the first request then reaches `chat`.",
      head: ["", "cold, ms", "of bare hono"],
      rows: rows.map(({ name, ms, ofHono }) => [
        TITLES[name] ?? (name === ALL ? name : `\`${name}\``),
        format(ms),
        format(ofHono, 2),
      ]),
    }],
    aims: [
      {
        figure: `Cold start, one function, of bare hono (slowest: ${slowest.name})`,
        value: slowest.ofHono,
        ...{ must: "≤", aim: 1.6 },
      },
      {
        figure: "Cold start, all in one isolate, of bare hono",
        value: toRatio(times.get(ALL)!),
        ...{ must: "≤", aim: 2.3 },
      },
    ],
  };
}

/** Writes the artefacts for cloud and a bare hono, and returns their URLs by slug. */
async function writeModules(folder: string): Promise<Record<string, string>> {
  const artefacts = (await bundleFunctions()).filter(({ platform }) => platform === "cloud");
  const codes = artefacts.map((artefact) => [artefact.slug, artefact.code] as const);
  const modules: Record<string, string> = {};
  for (const [slug, code] of [...codes, [HONO, await bundleHono()] as const]) {
    const path = join(folder, toPath({ platform: "cloud", slug }));
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeTextFile(path, code);
    modules[slug] = pathToFileURL(path).href;
  }
  return modules;
}

async function bundleHono(): Promise<string> {
  try {
    const { outputFiles: [file] } = await esbuild.build({
      stdin: { contents: BARE_HONO, resolveDir: ROOT },
      ...{ bundle: true, minify: true, format: "esm", platform: "browser", write: false },
    });
    return `// @ts-nocheck\n${file!.text}`;
  } finally {
    await esbuild.stop();
  }
}

/** Starts a process, sends it the first request, and stops it. */
async function measureStart(
  { surroundings: { upstream, ledger, jwt }, tokens }: Bench,
  { modules, slug }: Start,
): Promise<number> {
  const startedAt = performance.now();
  const { stdin, stdout, status, kill } = spawn({
    ...jwt,
    OPENROUTER_API_KEY: "sk-or-v1-bench",
    OPENROUTER_BASE_URL: toUrl(upstream),
    INSFORGE_BASE_URL: toUrl(ledger),
  });
  const timer = setTimeout(() => kill("SIGKILL"), START_MS);
  const order = stdin.getWriter();
  try {
    await order.write(new TextEncoder().encode(JSON.stringify({ modules }) + "\n"));
    const reader = stdout.getReader();
    const { value } = await reader.read();
    const url = new TextDecoder().decode(value).trim();
    if (!url) throw new Error(`The process of ${slug} did not start`);
    await sendFirstRequest(url, slug, { token: tokens[0]!, timeoutMs: START_MS });
    const ms = performance.now() - startedAt;
    await reader.cancel();
    return ms;
  } finally {
    await order.close().catch(() => {}); // it has already exited
    await status;
    clearTimeout(timer);
  }
}

function spawn(env: Record<string, string>) {
  const child = new Deno.Command("deno", {
    args: [
      "run",
      ...FLAGS,
      "--node-modules-dir=none",
      "--allow-net",
      "--allow-env",
      "--allow-read",
      HOST,
    ],
    env,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  return {
    ...{ stdin: child.stdin, stdout: child.stdout, status: child.status },
    kill: (signal: Deno.Signal) => child.kill(signal),
  };
}
