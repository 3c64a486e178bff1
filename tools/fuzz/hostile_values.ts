/** Generators of hostile values: JSON that a valid client never sends, and valid JSON spoilt. */
import fc from "fast-check";
import { listPlaces, setField } from "./places.ts";

/** JSON texts that `JSON.stringify` never writes. They stand in for a string while values are built. */
const RAW_TEXTS = [
  "1e400",
  "-1e400",
  "-0",
  "123456789012345678901234567890",
  '"\\ud800"',
  '"\\u0000"',
  '{"__proto__":{"prompt":"x"}}',
  '{"a":1,"a":2}',
  '{"toString":null,"valueOf":null,"toJSON":null,"then":null}',
  '{"constructor":{"prototype":{"admin":true}}}',
  '{"length":4294967295,"0":"x"}',
  "[".repeat(90) + "]".repeat(90),
  "[".repeat(2_000) + "]".repeat(2_000),
  '{"a":'.repeat(150) + "1" + "}".repeat(150),
];
const RAW = /"raw text (\d+)"/g;

const VALUES: unknown[] = [
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
  "0",
  "-1",
  "1e999",
  "__proto__",
  "constructor",
  "toString",
  "[DONE]",
  'quo"te\\ and\nline\r\n\r\n',
  "🌍".repeat(400),
  "x".repeat(5_000),
  "\ud800",
  "\0",
  "data:image/png;base64,",
  "data:image/png;base64,AAAA",
  "data:text/html,<script>",
  "https://elsewhere.example.com/a.png",
  "javascript:alert(1)",
  "file:///etc/passwd",
  "../../etc",
  "a,b.eq.1)",
  "length",
  "content_filter",
  "error",
  [],
  [[]],
  [null],
  [""],
  [0],
  {},
  { type: "text" },
  { type: "text", text: "x" },
  { type: "image_url" },
  { role: "user" },
  { index: null },
  { message: null },
  { error: null },
  { code: 429, message: "x", metadata: null },
  Array.from({ length: 1_200 }, () => "x"),
  Array.from({ length: 1_200 }, () => null),
];

const KEYS = [
  ...["__proto__", "constructor", "toString", "toJSON", "then", "length", "", "0"],
  ...["role", "type", "stream", "error", "usage", "choices", "index", "model", "id", "content"],
];

/** Any JSON value, with a preference for those that break programs. */
export const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...VALUES) },
  { weight: 1, arbitrary: fc.nat(RAW_TEXTS.length - 1).map((i) => `raw text ${i}`) },
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
);

/** One change of a value. Fields and items are counted, so that fewer changes are simpler. */
const change = fc.record({
  place: fc.nat(4_095),
  way: fc.constantFrom("replace", "replace", "replace", "remove", "wrap", "add"),
  key: fc.constantFrom(...KEYS),
  value: hostileValue,
});

/** One of the examples with up to `changes` changes somewhere inside. */
export function spoilt(examples: unknown[], changes = 3): fc.Arbitrary<unknown> {
  return fc.tuple(fc.constantFrom(...examples), fc.array(change, { maxLength: changes })).map(
    ([example, changes]) => {
      const target = { value: structuredClone(example) };
      for (const one of changes) apply(one, target);
      return target.value;
    },
  );
}

/** The JSON text of a value, in which raw texts have their place. */
export function toText(value: unknown): string {
  return (JSON.stringify(value) ?? "").replaceAll(RAW, (_, i) => RAW_TEXTS[Number(i)] ?? "0");
}

/** The JSON text of a value, rarely with a character changed or the end cut off. */
export function spoiltText(value: fc.Arbitrary<unknown>): fc.Arbitrary<string> {
  const strays = ["", '"', "{", "}", "[", "]", ",", "\\", "\0", "\ufeff", "//", "NaN", "\u2028"];
  const stray = fc.record({
    at: fc.nat(4_095),
    text: fc.constantFrom(...strays),
    cut: fc.boolean(),
  });
  return fc.tuple(value, fc.option(stray, { freq: 8 })).map(([value, stray]) => {
    const text = toText(value);
    if (!stray) return text;
    const at = stray.at % (text.length + 1);
    return text.slice(0, at) + stray.text + (stray.cut ? "" : text.slice(at + 1));
  });
}

type Change = { place: number; way: string; key: string; value: unknown };

function apply({ place, way, key: name, value }: Change, target: object): void {
  const places = listPlaces(target);
  const { holder, key } = places[place % places.length]!;
  const own = structuredClone(value);
  if (way === "replace") setField(holder, key, own);
  else if (way === "wrap") setField(holder, key, [holder[key]]);
  else if (way === "remove" && holder !== target) {
    if (Array.isArray(holder)) holder.splice(Number(key), 1);
    else delete holder[key];
  } else if (Array.isArray(holder)) holder.push(own);
  else if (holder !== target) setField(holder, name, own);
}
