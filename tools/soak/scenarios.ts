/** What callers do in a soak test: well-behaved requests, faults of the provider, and bad manners. */

/** One kind of request. */
export interface Scenario {
  /** Its name in the report. */
  name: string;
  /** How often it comes, in proportion to the others. */
  weight: number;
  path: string;
  body?: Record<string, unknown>;
  /** Sends another token than the user's. */
  token?: string;
  /** What the caller does after it has sent the request; it reads the response unless given. */
  manner?:
    | "leaves early"
    | "leaves midway"
    | "sends half"
    | "sends half and waits"
    | "reads slowly";
  /** What must come of it: a status, or how a stream ends. */
  outcomes: string[];
}

const LONG = "The ferry leaves at nine, and the next one at noon. ".repeat(6_000);

/** A provider that fails as often as asked, with a key of its own for each request. */
function failing(simulate: Record<string, unknown>): Record<string, unknown> {
  return { prompt: "Name a colour", simulate };
}

/** The mixed load. */
export const scenarios: Scenario[] = [
  { name: "chat", weight: 20, path: "/chat", body: { prompt: "Hello" }, outcomes: ["200"] },
  {
    name: "chat, 300 kB",
    weight: 2,
    path: "/chat",
    body: { messages: [{ role: "user", content: LONG }] },
    outcomes: ["200"],
  },
  {
    name: "stream",
    weight: 20,
    path: "/stream",
    body: { prompt: "Hello" },
    outcomes: ["complete"],
  },
  {
    name: "v1 chat",
    weight: 6,
    path: "/v1/chat/completions",
    body: { messages: [{ role: "user", content: "Hello" }], stream: true },
    outcomes: ["complete"],
  },
  {
    name: "v1 responses",
    weight: 4,
    path: "/v1/responses",
    body: { input: "Hi" },
    outcomes: ["200"],
  },
  {
    name: "embeddings",
    weight: 6,
    path: "/embeddings",
    body: { input: ["a", "b"] },
    outcomes: ["200"],
  },
  {
    name: "provider 402",
    weight: 2,
    path: "/chat",
    body: failing({ status: 402 }),
    outcomes: ["402"],
  },
  {
    name: "provider 403",
    weight: 2,
    path: "/chat",
    body: failing({ status: 403 }),
    outcomes: ["403"],
  },
  {
    name: "provider 500",
    weight: 2,
    path: "/chat",
    body: failing({ status: 500 }),
    outcomes: ["502"],
  },
  {
    name: "provider page",
    weight: 2,
    path: "/stream",
    body: failing({ status: 503, body: "html" }),
    outcomes: ["502"],
  },
  {
    name: "error in a 200",
    weight: 2,
    path: "/chat",
    body: failing({ fail: "body", code: 429 }),
    outcomes: ["429"],
  },
  {
    name: "cut stream",
    weight: 4,
    path: "/stream",
    body: failing({ fail: "cut", after: 3 }),
    outcomes: ["error event"],
  },
  {
    name: "error in a stream",
    weight: 4,
    path: "/stream",
    body: failing({ fail: "event", after: 3 }),
    outcomes: ["error event"],
  },
  {
    name: "cut JSON",
    weight: 2,
    path: "/chat",
    body: failing({ fail: "cut" }),
    outcomes: ["502"],
  },
  {
    name: "slow provider, connection closed",
    weight: 6,
    path: "/chat",
    body: failing({ delay_ms: 5_000 }),
    manner: "leaves early",
    outcomes: ["left"],
  },
  {
    name: "stream, connection closed",
    weight: 6,
    path: "/stream",
    body: failing({ chunk_delay_ms: 200 }),
    manner: "leaves midway",
    outcomes: ["left"],
  },
  {
    name: "half a request",
    weight: 4,
    path: "/chat",
    body: { prompt: "Hello" },
    manner: "sends half",
    outcomes: ["left"],
  },
  {
    name: "half a request, and waits",
    weight: 1,
    path: "/chat",
    body: { prompt: "Hello" },
    manner: "sends half and waits",
    outcomes: ["408"],
  },
  {
    name: "slow reader",
    weight: 4,
    path: "/stream",
    body: { prompt: "Hello" },
    manner: "reads slowly",
    outcomes: ["complete"],
  },
  { name: "bad token", weight: 4, path: "/chat", body: {}, token: "a.b.c", outcomes: ["401"] },
  { name: "bad body", weight: 4, path: "/chat", body: { prompt: 5 }, outcomes: ["400"] },
  { name: "unknown path", weight: 2, path: "/v1/none", body: {}, outcomes: ["404"] },
];

/** Requests that are still in flight when all of them have reached the provider. */
export const slowScenarios: Scenario[] = [
  {
    name: "chat while the server stops",
    weight: 0,
    path: "/chat",
    body: failing({ delay_ms: 1_000 }),
    outcomes: ["200"],
  },
  {
    name: "stream while the server stops",
    weight: 0,
    path: "/stream",
    body: failing({ chunk_delay_ms: 100 }),
    outcomes: ["complete"],
  },
];

/** Chooses a scenario by weight. */
export function pickScenario(random: number): Scenario {
  let rest = random * scenarios.reduce((sum, { weight }) => sum + weight, 0);
  return scenarios.find(({ weight }) => (rest -= weight) < 0) ?? scenarios[0]!;
}
