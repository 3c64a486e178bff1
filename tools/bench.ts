/**
 * `deno task bench`: measures what the guards of the functions cost, compared with a bare passthrough.
 *
 * The ratios matter, not the figures. Both servers are measured in turn, in the same rounds and against
 * the same upstream. Ratios and differences are taken within a round, so that other work on the machine
 * affects both servers.
 */
import { exportSPKI, generateKeyPair, SignJWT } from "jose";
import { settingNames } from "../shared/settings.ts";
import {
  ANSWER,
  CHAT_REQUEST,
  CHUNKS_PER_STREAM,
  EVENTS,
  ONE_WORD_REQUEST,
  STREAM_REQUEST,
} from "./bench/canned.ts";
import { type Child, startChild } from "./bench/child.ts";
import { measure, type Scenario } from "./bench/measure.ts";
import { describe, type Round } from "./bench/report.ts";

const ROUNDS = 5;
/** Rounds before them, because V8 keeps compiling for some ten thousand requests. */
const WARM_UP_ROUNDS = 2;
/** Twice what the benchmark needs. A server that hangs must not hang the benchmark. */
const LONGEST_RUN_MS = 110_000;
const NET = "--allow-net=127.0.0.1";
const KEY_ID = "bench";

const watchdog = setTimeout(() => {
  console.error(`The benchmark did not end within ${LONGEST_RUN_MS / 1_000} s`);
  Deno.exit(1); // This closes the children's stdin, and they end, too.
}, LONGEST_RUN_MS);

const { publicKey, privateKey } = await generateKeyPair("RS256", { extractable: true });
const token = await new SignJWT({ sub: "bench", role: "authenticated" })
  .setProtectedHeader({ alg: "RS256", kid: KEY_ID }).setExpirationTime("15m").sign(privateKey);

const scenarios = {
  jsonOne: createScenario("/chat", CHAT_REQUEST, { connections: 1, durationMs: 700 }),
  jsonMany: createScenario("/chat", CHAT_REQUEST, { connections: 64, durationMs: 1_000 }),
  firstByte: createScenario("/stream", ONE_WORD_REQUEST, { connections: 1, durationMs: 700 }),
  chunks: createScenario("/stream", STREAM_REQUEST, {
    connections: 50,
    durationMs: 1_500,
    unitsPerAnswer: CHUNKS_PER_STREAM,
  }),
};

{
  await using children = new AsyncDisposableStack();
  const upstream = children.use(await startChild("upstream_server.ts", { permissions: [NET] }));
  const upstreamUrl = `http://127.0.0.1:${upstream.port}`;
  const passthrough = children.use(
    await startChild("passthrough_server.ts", { permissions: [NET], args: [upstreamUrl] }),
  );
  const functions = children.use(
    await startChild("functions_server.ts", {
      permissions: [NET, `--allow-env=${settingNames}`],
      env: {
        OPENROUTER_API_KEY: "sk-or-v1-bench",
        OPENROUTER_BASE_URL: upstreamUrl,
        JWT_PUBLIC_KEY: await exportSPKI(publicKey),
        JWT_KEY_ID: KEY_ID,
      },
    }),
  );
  const servers = { passthrough, functions };
  for (const server of Object.values(servers)) await requireAnswers(server);
  const rounds: Round[] = [];
  for (let i = 0; i < WARM_UP_ROUNDS + ROUNDS; i++) rounds.push(await runRound(servers, i));
  console.log(describe(rounds.slice(WARM_UP_ROUNDS)));
}
clearTimeout(watchdog);

function createScenario(
  path: string,
  body: string,
  load: Pick<Scenario, "connections" | "durationMs"> & Partial<Scenario>,
): Scenario {
  return { path, body, token, unitsPerAnswer: 1, ...load };
}

/** Measures every scenario on both servers, which take turns in being first. */
async function runRound(
  { passthrough, functions }: { passthrough: Child; functions: Child },
  number: number,
): Promise<Round> {
  const round: Partial<Round> = {};
  for (const name of Object.keys(scenarios) as (keyof Round)[]) {
    const scenario = scenarios[name];
    if (number % 2 === 0) {
      const base = await measure(passthrough, scenario);
      round[name] = { base, ours: await measure(functions, scenario) };
    } else {
      const ours = await measure(functions, scenario);
      round[name] = { base: await measure(passthrough, scenario), ours };
    }
  }
  return round as Round;
}

/** Throws when a server does not pass on what the upstream sends. */
async function requireAnswers({ port }: Child): Promise<void> {
  for (
    const [path, body, expected] of [
      ["/chat", CHAT_REQUEST, ANSWER],
      ["/stream", STREAM_REQUEST, EVENTS.join("")],
    ] as const
  ) {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method: "POST",
      headers: { "Authorization": `Bearer ${token}`, "Content-Type": "application/json" },
      body,
    });
    const text = await answer.text();
    if (!text.includes(expected)) throw new Error(`${path} responds ${answer.status}: ${text}`);
  }
}
