/**
 * `deno task soak [minutes]`: a mixed load on the functions as a server, with a provider that fails and
 * callers that close connections, send half a request or read slowly. All limits are set, and none is
 * reached. At the end the server is asked to stop while requests are in flight.
 *
 * It prints what came of the requests, the server's memory and open files at the start and at the
 * end, and what the ledger recorded. It exits with 1 when an outcome was unexpected, when memory kept
 * growing, when sockets were left open, or when the ledger and the provider's bill disagree.
 */
import { exportSPKI, generateKeyPair, SignJWT } from "jose";
import { settingNames } from "../shared/settings.ts";
import { type Child, startChild } from "./bench/child.ts";
import { createSimulatedOpenRouter } from "./local/openrouter/mod.ts";
import { play } from "./soak/caller.ts";
import { API_KEY, findDisagreement, openSoakLedger, toDifference } from "./soak/ledger.ts";
import { pickScenario, type Scenario, scenarios, slowScenarios } from "./soak/scenarios.ts";

const REQUESTS_PER_SECOND = 50;
const SAMPLE_MS = 5_000;
/** Idle connections are kept for 90 seconds. */
const IDLE_MS = 120_000;
/** Growth from the second to the last quarter of the samples that is still taken for noise. */
const MEMORY_NOISE = { factor: 1.25, bytes: 96 * 2 ** 20 };
/** Files that may be open after the load and were not before it. */
const FILES_NOISE = 20;
const KEY_ID = "soak";
/** Limits that the load does not reach, so that every call is reserved before it is made. */
const LIMITS = {
  USER_REQUESTS_PER_MINUTE: "1000000",
  USER_TOKENS_PER_DAY: "2000000000",
  USER_USD_PER_DAY: "1000000",
  USER_USD_PER_MONTH: "1000000",
  PROJECT_USD_PER_DAY: "1000000",
  PROJECT_USD_PER_MONTH: "1000000",
};
/** Requests that are in flight when the server is asked to stop. */
const STOPPED_REQUESTS = 60;

const minutes = Number(Deno.args[0] ?? 1);
if (!(minutes > 0 && minutes <= 600)) {
  console.error('The argument must be a number of minutes, such as "deno task soak 10"');
  Deno.exit(1);
}

/** What the server's process uses. */
interface Sample {
  rssBytes: number;
  /** Files and sockets; 0 where the system does not list them. */
  files: number;
}

const { publicKey, privateKey } = await generateKeyPair("RS256", { extractable: true });
const token = await new SignJWT({ sub: "soak", role: "authenticated" })
  .setProtectedHeader({ alg: "RS256", kid: KEY_ID }).setExpirationTime("24h").sign(privateKey);
const provider = createSimulatedOpenRouter({ chunkDelayMs: 5, credits: 1e9 });
/** Requests that the provider has received, those that are in flight, and the most at a time. */
let received = 0;
let open = 0;
let peak = 0;
const upstream = Deno.serve(
  { hostname: "127.0.0.1", port: 0, onListen() {} },
  (request, { completed }) => {
    received++;
    peak = Math.max(peak, ++open);
    completed.catch(() => {}).finally(() => open--);
    return provider.handler(request);
  },
);
const openrouterUrl = `http://127.0.0.1:${upstream.addr.port}/api/v1`;
const outcomes = new Map<string, number>();
const samples: Sample[] = [];
/** The server after the load, when its idle connections have been closed. */
let idle: Sample;
let unexpected = 0;

/** Where ledger and bill disagree, after the load and after the stop. */
let disagreement: string[];
let ledgerSummary: string;

{
  await using ledger = await openSoakLedger();
  await using server = await startChild("../soak/server.ts", {
    permissions: ["--allow-net=127.0.0.1", "--allow-read", `--allow-env=${settingNames}`],
    env: {
      ...LIMITS,
      API_KEY,
      OPENROUTER_API_KEY: "sk-or-v1-soak",
      OPENROUTER_BASE_URL: openrouterUrl,
      INSFORGE_BASE_URL: ledger.url,
      JWT_PUBLIC_KEY: await exportSPKI(publicKey),
      JWT_KEY_ID: KEY_ID,
      PORT: "0",
    },
  });
  console.error(`The ledger is on ${ledger.store}`);
  await applyLoad(server);
  const loaded = await ledger.readBooks(provider, openrouterUrl);
  await stopInTheMiddle(server);
  const stopped = await ledger.readBooks(provider, openrouterUrl);
  const { confirmed, nameless } = stopped;
  ledgerSummary = `${confirmed.generations} generations for $${confirmed.usd}, and ` +
    `${nameless.generations} estimates for requests without a response`;
  disagreement = [
    ...findDisagreement(loaded),
    ...findDisagreement(toDifference(stopped, loaded)),
  ];
}
await upstream.shutdown();
report();

async function applyLoad(server: Child): Promise<void> {
  const url = `http://127.0.0.1:${server.port}`;
  const running = new Set<Promise<void>>();
  const endsAt = performance.now() + minutes * 60_000;
  let sampleAt = 0;
  for (let due = performance.now(); due < endsAt; due += 1_000 / REQUESTS_PER_SECOND) {
    const waitMs = due - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    if (performance.now() >= sampleAt) {
      samples.push(await sample(server));
      sampleAt = performance.now() + SAMPLE_MS;
    }
    const one = playOne(url);
    running.add(one);
    one.finally(() => running.delete(one));
  }
  await Promise.all(running);
  samples.push(await sample(server));
  const idleAt = performance.now();
  do {
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    idle = await sample(server);
  } while (idle.files > countExpectedFiles() && performance.now() - idleAt < IDLE_MS);
}

/** Deno keeps as many connections to the provider as there were requests at a time. */
function countExpectedFiles(): number {
  return samples[0]!.files + peak + FILES_NOISE;
}

/** Asks the server to stop while requests are in flight. All of them get their response. */
async function stopInTheMiddle(server: Child): Promise<void> {
  const url = `http://127.0.0.1:${server.port}`;
  const before = received;
  const running = Array.from(
    { length: STOPPED_REQUESTS },
    (_, i) => playOne(url, slowScenarios[i % slowScenarios.length]),
  );
  while (received < before + STOPPED_REQUESTS) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  Deno.kill(server.pid, "SIGTERM");
  await Promise.all(running);
  await server.ended;
}

async function playOne(
  url: string,
  scenario: Scenario = pickScenario(Math.random()),
): Promise<void> {
  const outcome = await play(scenario, url, token);
  const isExpected = scenario.outcomes.includes(outcome);
  if (!isExpected) unexpected++;
  const kind = `${scenario.name}: ${outcome}${isExpected ? "" : "  UNEXPECTED"}`;
  outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1);
}

async function sample(server: Child): Promise<Sample> {
  const { rssBytes } = await server.readConsumption();
  const list = await new Deno.Command("ls", { args: [`/proc/${server.pid}/fd`], stderr: "null" })
    .output();
  const files = new TextDecoder().decode(list.stdout).split("\n").filter(Boolean).length;
  return { rssBytes, files };
}

function report(): void {
  const total = [...outcomes.values()].reduce((sum, count) => sum + count, 0);
  console.log(`${total} requests in ${minutes} min, of ${scenarios.length} kinds`);
  for (const [kind, count] of [...outcomes].sort()) {
    console.log(`${String(count).padStart(7)}  ${kind}`);
  }
  const [first] = samples;
  const last = samples.at(-1)!;
  const mega = ({ rssBytes }: Sample) => `${(rssBytes / 2 ** 20).toFixed(0)} MiB`;
  const middle = samples[Math.floor(samples.length / 2)]!;
  console.log(
    `Memory  ${mega(first!)} at the start, ${mega(middle)} midway, ${mega(last)} at the end`,
  );
  const files = `${first!.files} at the start, ${middle.files} midway, ${last.files} at the end`;
  console.log(`Files   ${files}, ${idle.files} when idle`);
  const memory = toQuarters(({ rssBytes }) => rssBytes);
  const isMemoryGrowing = memory.last > memory.second * MEMORY_NOISE.factor &&
    memory.last > memory.second + MEMORY_NOISE.bytes;
  console.log(`Ledger  ${ledgerSummary}`);
  for (const fault of disagreement) console.error(`Ledger and bill disagree: ${fault}`);
  const areFilesLeft = idle.files > countExpectedFiles();
  if (unexpected > 0) console.error(`${unexpected} outcomes were unexpected`);
  if (isMemoryGrowing) console.error("Memory kept growing");
  if (areFilesLeft) console.error("Files or sockets were left open");
  const isWrong = unexpected > 0 || isMemoryGrowing || areFilesLeft || disagreement.length > 0;
  Deno.exit(isWrong ? 1 : 0);
}

/** The means of the second and the last quarter of the samples. */
function toQuarters(of: (sample: Sample) => number): { second: number; last: number } {
  const quarter = Math.max(1, Math.floor(samples.length / 4));
  const mean = (part: Sample[]) => part.reduce((sum, one) => sum + of(one), 0) / part.length;
  return { second: mean(samples.slice(quarter, 2 * quarter)), last: mean(samples.slice(-quarter)) };
}
