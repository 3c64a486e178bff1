/** Four servers with one database: each limit lets as many requests start as it has room for. */
import { assertEquals } from "@std/assert";
import chat from "../../functions/chat/index.ts";
import { savePrices } from "../../shared/ledger/prices.ts";
import { createSettings, type Environment } from "../../shared/settings.ts";
import { API_KEY, createEnvironment, createRequest, createToken } from "../support/caller.ts";
import {
  clear,
  findWrongSums,
  openServerLedger,
  type ServerLedger,
  serveRoutines,
} from "../support/ledger.ts";
import { onServer } from "../support/postgres.ts";
import { spawnServer } from "../support/server_process.ts";

const PROCESSES = 4;
const REQUESTS = 100;
const ROOM = 10;
/** USD for ten requests and a part of another. The last tokens of a limit may be overrun instead. */
const LIMIT = ROOM + 0.4;
/** As many connections as a small pool of PostgREST has. */
const CONNECTIONS = 8;
const MODELS = [
  { id: "cheap", pricing: { prompt: "0.00000001", completion: "0.00000001" } },
  { id: "dear", pricing: { prompt: "0.001", completion: "0.001" } },
];

/** The request of each limit's burst; only this limit is reached by it. */
const BODIES = {
  short: { model: "cheap", prompt: "Hello", max_tokens: 10 },
  long: { model: "cheap", prompt: "Hello", max_tokens: 16_000 },
  dear: { model: "dear", prompt: "Hello", max_tokens: 100 },
  dearer: { model: "dear", prompt: "Hello", max_tokens: 300 },
};
type Kind = keyof typeof BODIES;

/** The limits of four processes, and the bursts against them: the request, and how many users share it. */
interface Scenario {
  limits: (holds: Record<Kind, Hold>) => Record<string, number>;
  bursts: [limit: string, kind: Kind, users: number][];
}

const SCENARIOS: Scenario[] = [
  {
    limits: ({ dear }) => ({
      USER_REQUESTS_PER_MINUTE: ROOM,
      PROJECT_USD_PER_DAY: LIMIT * dear.usd,
    }),
    bursts: [["USER_REQUESTS_PER_MINUTE", "short", 1], ["PROJECT_USD_PER_DAY", "dear", REQUESTS]],
  },
  {
    limits: ({ long, dear }) => ({
      USER_TOKENS_PER_DAY: ROOM * long.tokens,
      USER_USD_PER_DAY: LIMIT * dear.usd,
    }),
    bursts: [["USER_TOKENS_PER_DAY", "long", 1], ["USER_USD_PER_DAY", "dear", 1]],
  },
  {
    limits: ({ dear, dearer }) => ({
      USER_USD_PER_MONTH: LIMIT * dear.usd,
      PROJECT_USD_PER_MONTH: LIMIT * dearer.usd,
    }),
    bursts: [["USER_USD_PER_MONTH", "dear", 1], ["PROJECT_USD_PER_MONTH", "dearer", REQUESTS]],
  },
];

/** What the ledger holds for one request. */
interface Hold {
  tokens: number;
  usd: number;
}

Deno.test({
  name:
    `${ROOM} of ${REQUESTS} requests to ${PROCESSES} servers start when a limit has room for ${ROOM}`,
  ...onServer,
  timeout: 120_000,
  async fn(t) {
    await using ledger = await openServerLedger(CONNECTIONS);
    await using insforge = serveRoutines(ledger);
    await using gateway = serveModel();
    const urls = { INSFORGE_BASE_URL: insforge.url, OPENROUTER_BASE_URL: gateway.url };
    const environmentOf = (limits: Record<string, number>) => {
      const texts = Object.entries(limits).map(([name, limit]) => [name, toText(name, limit)]);
      return createEnvironment({ ...urls, API_KEY, PORT: "0", ...Object.fromEntries(texts) });
    };
    const empty = async () => {
      await clear(ledger);
      await savePrices(MODELS, createSettings(environmentOf({})));
    };
    await empty();
    const roomy = environmentOf({ USER_USD_PER_DAY: 1e6, USER_TOKENS_PER_DAY: 2e9 });
    const holds = await measureHolds({ ledger, gateway, environment: roomy });

    for (const { limits, bursts } of SCENARIOS) {
      await using stack = new AsyncDisposableStack();
      const environment = environmentOf(limits(holds));
      const started = await Promise.allSettled(
        Array.from({ length: PROCESSES }, async () => stack.use(await spawnServer(environment))),
      );
      const servers = started.map((result) => {
        if (result.status === "rejected") throw result.reason; // the others have been started by now
        return result.value;
      });
      for (const [limit, kind, users] of bursts) {
        await t.step(limit, async () => {
          await empty();
          const tokens = await Promise.all(
            Array.from({ length: users }, (_, i) => createToken({ sub: `user ${i}` })),
          );
          gateway.hold();
          let refused = 0;
          const statuses = Array.from({ length: REQUESTS }, async (_, i) => {
            const url = `${servers[i % PROCESSES]!.url}/chat`;
            const status = await post(url, { body: BODIES[kind], token: tokens[i % users]! });
            if (status !== 200) refused++;
            gateway.notify();
            return status;
          });
          await gateway.until(() => gateway.started() + refused === REQUESTS);
          const admitted = gateway.started();
          gateway.release();
          assertEquals([admitted, refused], [ROOM, REQUESTS - ROOM]);
          const succeeded = (await Promise.all(statuses)).filter((status) => status === 200);
          assertEquals(succeeded.length, ROOM);
          await untilSettled(ledger);
          assertEquals(await findWrongSums(ledger), []);
        });
      }
    }
  },
});

/** A gateway that responds to no request before it is released. */
function serveModel() {
  let started = 0;
  let gate = Promise.withResolvers<void>();
  let change = Promise.withResolvers<void>();
  const notify = () => {
    change.resolve();
    change = Promise.withResolvers();
  };
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async () => {
    started++;
    notify();
    await gate.promise;
    const choices = [{ message: { role: "assistant", content: "Hi" }, finish_reason: "stop" }];
    const usage = { prompt_tokens: 5, completion_tokens: 5, total_tokens: 10, cost: 0.000001 };
    return Response.json({ id: crypto.randomUUID(), choices, usage });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    /** How many requests have come since the last {@link hold}. */
    started: () => started,
    /** Says that `until` must look at its condition again. */
    notify,
    async until(condition: () => boolean) {
      while (!condition()) await change.promise;
    },
    /** From now on requests wait. */
    hold() {
      started = 0;
      gate = Promise.withResolvers();
    },
    release: () => gate.resolve(),
    async [Symbol.asyncDispose]() {
      gate.resolve();
      await server.shutdown();
    },
  };
}

/** What the ledger holds for each kind of request. */
async function measureHolds(
  { ledger, gateway, environment }: {
    ledger: ServerLedger;
    gateway: ReturnType<typeof serveModel>;
    environment: Environment;
  },
): Promise<Record<Kind, Hold>> {
  const holds: Partial<Record<Kind, Hold>> = {};
  for (const [kind, body] of Object.entries(BODIES)) {
    gateway.hold();
    const response = chat(createRequest(body, { path: "/chat" }), environment);
    await gateway.until(() => gateway.started() > 0);
    const [row] = await ledger.run(
      "select held_tokens::float8 as tokens, held_usd::float8 as usd from ai_reservations",
    );
    holds[kind as Kind] = row as Hold;
    gateway.release();
    await (await response).text(); // it ends when the request is settled
  }
  return holds as Record<Kind, Hold>;
}

/** Posts a request until it is let through or refused, and not only asked to come again. */
async function post(
  url: string,
  { body, token }: { body: object; token: string },
): Promise<number> {
  for (;;) {
    const response = await fetch(url, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    // On a slow machine a lock may not be granted within its second.
    if (!text.includes("Too many requests arrive at the same time")) return response.status;
  }
}

/** The text of a setting: USD as a decimal, everything else as a whole number. */
function toText(name: string, limit: number): string {
  return name.includes("_USD_") ? limit.toFixed(9) : String(Math.floor(limit));
}

async function untilSettled(ledger: ServerLedger): Promise<void> {
  for (;;) {
    const [row] = await ledger.run("select count(*)::int as open from ai_reservations");
    if (row!.open === 0) return;
  }
}
