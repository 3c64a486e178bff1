/** Targets that send whole requests through the functions, in front of scripted servers. */
import fc from "fast-check";
import type { Fate, Server } from "./fake_network.ts";
import { spoilt, spoiltText } from "./hostile_values.ts";
import type { FuzzedOperation } from "./operations.ts";
import { type Outcome, requireDocumented } from "./outcome.ts";
import { Books } from "./money.ts";
import { healthyFate, healthyInsForge, hostileFate, toReply } from "./provider_answers.ts";
import { createTarget, type Target } from "./target.ts";
import { ENVIRONMENTS, GATEWAY_URL, INSFORGE_URL, TOKEN, type World } from "./world.ts";

const INTERNAL_URL = "http://internal.insforge.test:7130";

/** One request with all that decides how it ends. */
interface Exchange {
  operation: FuzzedOperation;
  body: string;
  /** Index of the project's settings. */
  project: number;
  headers: Record<string, string>;
  /** How the gateway answers, one fate per attempt; the last one stays. */
  fates: Fate[];
  /** How InsForge answers. */
  insforge: Fate | undefined;
  caller: Caller;
}

/** What a caller does while it waits and reads. */
interface Caller {
  /** Reads so many pieces of the body, then closes the connection; all unless given. */
  reads: number | undefined;
  /** Aborts the request after so many milliseconds. */
  leavesAfterMs: number | undefined;
}

/** Functions that ask the gateway for one thing per request; `embeddings` sends long inputs in batches. */
const ONE_OPERATION = new Set(["chat", "stream", "v1", "legacy-compat", "image-gen"]);

const PATIENT: Caller = { reads: undefined, leavesAfterMs: undefined };

const credentials = fc.oneof(
  { weight: 12, arbitrary: fc.constant(`Bearer ${TOKEN}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...[
        "",
        "Bearer",
        "Bearer x",
        "bearer  " + TOKEN,
        "Basic eDp5",
        "Bearer a.b.c",
        "Bearer e30.e30.",
      ],
      ...["Bearer ik_canary0123456789abcdef", "Bearer anon_canary", "Bearer anon_x", "Bearer ik_x"],
      TOKEN,
    ),
  },
);

const contentTypes = fc.oneof(
  { weight: 12, arbitrary: fc.constant("application/json") },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"],
      "application/json; charset=latin1",
    ),
  },
);

const headers = fc.record({
  Authorization: credentials,
  "Content-Type": contentTypes,
  "X-Request-Id": fc.option(fc.constantFrom("a-1", "x".repeat(300), "a b"), {
    nil: "r",
    freq: 20,
  }),
});

const callers: fc.Arbitrary<Caller> = fc.oneof(
  { weight: 8, arbitrary: fc.constant(PATIENT) },
  { weight: 1, arbitrary: fc.record({ reads: fc.nat(3), leavesAfterMs: fc.constant(undefined) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      reads: fc.constant(undefined),
      leavesAfterMs: fc.constantFrom(0, 1, 400, 5_000, 58_000),
    }),
  },
);

/** Requests that are spoilt anywhere, in front of servers that work. */
export function createRequestTarget(world: World, operations: FuzzedOperation[]): Target {
  const exchange = fc.constantFrom(...operations).chain((operation) =>
    fc.record({
      operation: fc.constant(operation),
      body: spoiltText(spoilt(operation.examples)),
      project: fc.nat(ENVIRONMENTS.length - 1),
      headers,
      fates: fc.constant<Fate[]>([]),
      insforge: fc.constant(undefined),
      caller: fc.constant(PATIENT),
    })
  );
  return toTarget("requests", world, exchange);
}

/** Valid requests in front of servers that answer anything. */
export function createAnswerTarget(world: World, operations: FuzzedOperation[]): Target {
  const exchange = fc.constantFrom(...operations).chain((operation) =>
    fc.record({
      operation: fc.constant(operation),
      body: spoiltText(spoilt(operation.examples, 0)),
      project: fc.constantFrom(0, 0, 0, 1, 4),
      headers: fc.constant({
        Authorization: `Bearer ${TOKEN}`,
        "Content-Type": "application/json",
      }),
      fates: fc.array(hostileFate(operation.path), { minLength: 1, maxLength: 3 }),
      insforge: fc.option(hostileFate("/insforge"), { nil: undefined, freq: 2 }),
      caller: callers,
    })
  );
  return toTarget("answers", world, exchange);
}

function toTarget(name: string, world: World, exchanges: fc.Arbitrary<Exchange>): Target {
  return createTarget(name, exchanges, (one) => world.run(() => send(one, world)));
}

async function send(exchange: Exchange, world: World): Promise<void> {
  const { operation, project, body, headers, caller } = exchange;
  const { fates, insforge } = exchange;
  const books = new Books();
  let attempts = 0;
  const gateway: Server = {
    url: GATEWAY_URL,
    decide: (request) => {
      attempts++;
      const fate = fates[Math.min(attempts, fates.length) - 1] ?? healthyFate(request);
      if (request.method === "POST") books.notePost(request.path, fate);
      return fate;
    },
  };
  // What the package itself keeps in the database is what it has put there.
  const decide: Server["decide"] = (request) => {
    if (request.path.endsWith("/rpc/ai_commit")) return toReply(books.commit(request.body));
    const isOwn = /\/ai_/.test(request.path);
    return isOwn ? healthyInsForge(request) : insforge ?? healthyInsForge(request);
  };
  world.network.servers = [
    gateway,
    { url: INSFORGE_URL, decide },
    { url: INTERNAL_URL, decide },
  ];
  const controller = new AbortController();
  const { leavesAfterMs } = caller;
  const timer = leavesAfterMs === undefined
    ? undefined
    : setTimeout(() => controller.abort(), leavesAfterMs);
  const request = new Request(`https://functions.test${operation.path}`, {
    method: operation.method,
    headers,
    body: operation.method === "POST" ? body : undefined,
    signal: controller.signal,
  });
  const response = await operation.handler(request, ENVIRONMENTS[project]);
  const outcome = { ...await read(response, caller), isHealthy: fates.length === 0 };
  clearTimeout(timer);
  books.check(ONE_OPERATION.has(operation.slug));
  // A caller that closed the connection does not get a response.
  if (!controller.signal.aborted) requireDocumented(operation, outcome);
}

async function read(
  response: Response,
  { reads = Infinity }: Caller,
): Promise<Omit<Outcome, "isHealthy">> {
  if (response.body === null) return { response, text: "", isWhole: true };
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (let i = 0; i < reads; i++) {
    const { value, done } = await reader.read();
    if (done) return { response, text: text + decoder.decode(), isWhole: true };
    text += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  return { response, text, isWhole: false };
}
