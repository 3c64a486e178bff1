/** The servers that are compared, and how each is started. */
import { settingNames } from "../../shared/settings.ts";
import { type Child, startChild } from "./child.ts";
import { installPortkey } from "./portkey.ts";

/** What a contestant needs to start. */
export interface Surroundings {
  /** The gateway. */
  upstream: Child;
  /** The ledger's InsForge. */
  ledger: Child;
  /** The key that verifies the users' tokens. */
  jwt: { JWT_PUBLIC_KEY: string; JWT_KEY_ID: string };
  /** Further flags for `deno run`; only the servers of the functions get them. */
  flags: string[];
}

/** A running contestant. */
export interface Contestant {
  name: ContestantName;
  server: Child;
  /** Where it serves JSON and streams. */
  paths: { json: string; stream: string };
  /** Header lines that it needs. */
  headers: string[];
}

/** One server to compare. */
interface Entry {
  /** What it is, for the table. */
  title: string;
  /** Whether a request of it reaches the ledger. */
  hasLedger?: true;
  start(surroundings: Surroundings): Promise<Omit<Contestant, "name">>;
}

const NET = "--allow-net=127.0.0.1";
const EVERY_LIMIT = {
  USER_REQUESTS_PER_MINUTE: "1000000000",
  USER_TOKENS_PER_DAY: "2000000000",
  USER_USD_PER_DAY: "1000000000",
  USER_USD_PER_MONTH: "1000000000",
  PROJECT_USD_PER_DAY: "1000000000",
  PROJECT_USD_PER_MONTH: "1000000000",
};

/** All contestants, in the order of the table. */
export const CONTESTANTS = {
  direct: {
    title: "direct, no server between",
    start: ({ upstream }) =>
      Promise.resolve({
        server: upstream,
        paths: { json: "/chat/completions", stream: "/chat/completions" },
        headers: [],
      }),
  },
  bare: { title: "bare passthrough", start: startPlain("bare.ts") },
  bareNode: {
    title: "bare passthrough on `node:http`",
    start: startPlain("bare_node.ts"),
  },
  functions: { title: "functions, no ledger", start: (around) => startFunctions(around) },
  start: {
    title: "functions by `deno task start`, no ledger",
    start: (around) => startFunctions(around, { script: "start.ts" }),
  },
  ledger: {
    title: "functions, ledger without limits",
    hasLedger: true,
    start: (around) => startFunctions(around, { latencyMs: 0 }),
  },
  limits: {
    title: "functions, user and project limits",
    hasLedger: true,
    start: (around) => startFunctions(around, { latencyMs: 0, limits: EVERY_LIMIT }),
  },
  farLedger: {
    title: "functions, ledger without limits, 20 ms away",
    hasLedger: true,
    start: (around) => startFunctions(around, { latencyMs: 20 }),
  },
  farLimits: {
    title: "functions, user and project limits, 20 ms away",
    hasLedger: true,
    start: (around) => startFunctions(around, { latencyMs: 20, limits: EVERY_LIMIT }),
  },
  openaiSdk: {
    title: "OpenAI SDK, serialized again",
    start: startPlain("openai_sdk.ts", true),
  },
  asResponse: {
    title: "OpenAI SDK, `.asResponse()`",
    start: startPlain("as_response.ts", true),
  },
  aiSdk: { title: "Vercel AI SDK", start: startPlain("ai_sdk.ts", true) },
  portkey: { title: "Portkey's gateway", start: startPortkey },
} satisfies Record<string, Entry>;

/** The name of a contestant. */
export type ContestantName = keyof typeof CONTESTANTS;

/** Contestants that are the work of others: what fails there does not end the benchmark. */
export const ELSEWHERE: ContestantName[] = ["openaiSdk", "asResponse", "aiSdk", "portkey"];

/** Starts a contestant. */
export async function startContestant(
  name: ContestantName,
  surroundings: Surroundings,
): Promise<Contestant> {
  return { name, ...await CONTESTANTS[name].start(surroundings) };
}

/** Whether a contestant uses the ledger. */
export function hasLedger(name: ContestantName): boolean {
  return "hasLedger" in CONTESTANTS[name];
}

/** The URL of a process. */
export function toUrl({ port }: { port: number }): string {
  return `http://127.0.0.1:${port}`;
}

function startPlain(script: string, hasPackages = false): Entry["start"] {
  return async ({ upstream }) => ({
    server: await startChild(`servers/${script}`, {
      // Packages read files and variables of their own.
      permissions: hasPackages ? ["--allow-all"] : [NET],
      args: [toUrl(upstream)],
    }),
    paths: { json: "/", stream: "/" },
    headers: [],
  });
}

/** What differs between the servers of the functions. */
interface FunctionOptions {
  script?: string;
  /** The latency of InsForge; without it there is no ledger. */
  latencyMs?: number;
  limits?: Record<string, string>;
}

async function startFunctions(
  { upstream, ledger, jwt, flags }: Surroundings,
  { script = "functions.ts", latencyMs, limits }: FunctionOptions = {},
): Promise<Omit<Contestant, "name">> {
  return {
    server: await startChild(`servers/${script}`, {
      permissions: [NET, "--allow-read", `--allow-env=${settingNames}`, ...flags],
      env: {
        ...jwt,
        ...limits,
        OPENROUTER_API_KEY: "sk-or-v1-bench",
        OPENROUTER_BASE_URL: toUrl(upstream),
        INSFORGE_BASE_URL: `${toUrl(ledger)}/${latencyMs ?? 0}`,
        ...(latencyMs !== undefined && { API_KEY: "ik_bench" }),
        PORT: "0",
      },
    }),
    paths: { json: "/chat", stream: "/stream" },
    headers: [],
  };
}

async function startPortkey({ upstream }: Surroundings): Promise<Omit<Contestant, "name">> {
  return {
    server: await startChild("servers/portkey.ts", {
      permissions: ["--allow-all"],
      args: [await installPortkey()],
    }),
    paths: { json: "/v1/chat/completions", stream: "/v1/chat/completions" },
    headers: ["x-portkey-provider: openai", `x-portkey-custom-host: ${toUrl(upstream)}`],
  };
}
