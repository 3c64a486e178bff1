/**
 * Hostile request bodies, made from valid ones by a seeded generator. The same seed gives the same
 * bodies, so a failure that names its seed can be repeated.
 */
import { listPlaces, setField } from "../../tools/fuzz/places.ts";

/** Creates a generator of numbers from 0 to below 1; the same seed gives the same numbers. */
export type Random = () => number;

/** @see https://github.com/cprosche/mulberry32 */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The seed of this run: `HOSTILE_SEED`, or a fixed one, so that no test fails by chance. */
export function readSeed(): number {
  return Number(Deno.env.get("HOSTILE_SEED") ?? 1);
}

/** Creates one hostile body, as text: `example` with some values, keys or characters changed. */
export function createHostileBody(random: Random, example: unknown): string {
  const spoilt = { body: structuredClone(example) };
  for (let times = 1 + pick(random, 3); times > 0; times--) spoil(random, spoilt);
  const text = JSON.stringify(spoilt.body ?? null).replaceAll(
    RAW,
    (_, name) => RAW_TEXTS[Number(name)]!,
  );
  return random() < 0.2 ? spoilText(random, text) : text;
}

const RAW = /"raw text (\d+)"/g;
/** JSON texts that `JSON.stringify` never writes. */
const RAW_TEXTS = [
  "1e400",
  "-1e400",
  "-0",
  "1E-400",
  "123456789012345678901234567890",
  '"\\ud800"',
  '"\\u0000"',
  '{"__proto__":{"prompt":"x"}}',
  '{"a":1,"a":2}',
  '{"toString":null,"valueOf":null,"toJSON":null,"then":null}',
  '{"constructor":{"prototype":{"admin":true}}}',
  '{"length":4294967295,"0":"x"}',
  "[".repeat(90) + "]".repeat(90),
  "[".repeat(200_000) + "]".repeat(200_000),
  '{"a":'.repeat(150) + "1" + "}".repeat(150),
];

const VALUES: unknown[] = [
  ...RAW_TEXTS.map((_, i) => `raw text ${i}`),
  null,
  true,
  false,
  0,
  -1,
  1,
  1.5,
  2 ** 31,
  2 ** 53,
  1e308,
  "",
  " ",
  "x",
  "__proto__",
  "constructor",
  "[DONE]",
  'quo"te\\ and\nline',
  "[[{{",
  "🌍".repeat(4_000),
  "x".repeat(5_000),
  "data:image/png;base64,",
  "javascript:alert(1)",
  "file:///etc/passwd",
  "../../etc",
  "a,b.eq.1)",
  [],
  [[]],
  [null],
  [""],
  {},
  { type: "text" },
  { type: "image_url" },
  { role: "user" },
  { op: "in", column: "a", value: [] },
  Array.from({ length: 3_000 }, () => "x"),
  Array.from({ length: 3_000 }, () => null),
];

const KEYS = ["__proto__", "constructor", "toString", "length", "", "0", "role", "type", "stream"];

/** Changes one value somewhere inside: replaces it, removes it, or adds one. */
function spoil(random: Random, target: unknown): void {
  const places = listPlaces(target);
  if (places.length === 0) return;
  const { holder, key } = places[pick(random, places.length)]!;
  const value = structuredClone(VALUES[pick(random, VALUES.length)]);
  const way = random();
  if (way < 0.6) setField(holder, key, value);
  else if (way < 0.75) Array.isArray(holder) ? holder.splice(Number(key), 1) : delete holder[key];
  else if (way < 0.85) setField(holder, key, [holder[key]]);
  else if (Array.isArray(holder)) holder.push(value);
  else setField(holder, KEYS[pick(random, KEYS.length)]!, value);
}

function spoilText(random: Random, text: string): string {
  const at = pick(random, text.length + 1);
  const [head, tail] = [text.slice(0, at), text.slice(at)];
  const strays = [
    "",
    '"',
    "{",
    "}",
    "[",
    "]",
    ",",
    "\\",
    "\u0000",
    "\ufeff",
    "//",
    "NaN",
    "\u2028",
  ];
  return random() < 0.3
    ? head
    : head + strays[pick(random, strays.length)] + tail.slice(pick(random, 3));
}

function pick(random: Random, count: number): number {
  return Math.floor(random() * count);
}
