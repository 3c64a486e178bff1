/**
 * Replays a recording of a real backend against another one, step by step, and reports differences.
 */

import { Buffer } from "node:buffer";

const TOLERANCE = 1e-6;
const EXACT_HEADERS = ["content-range", "preference-applied", "location"];
const PLACEHOLDER =
  /<(?:(?:uuid|token|csrf|kid|key)#\d+|time:[a-z]+|modulus|base|anonKey|apiKey)>/g;

/** The values that a placeholder accepts, by its kind. */
const SHAPES: Record<string, string> = {
  uuid: "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
  token: '[^\\s";,]+',
  csrf: ".+",
  kid: ".+",
  key: "[\\w.-]+",
  modulus: "[\\w-]{300,}",
  "time:z": "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z",
  "time:offset": "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?\\+00:00",
  "time:pg": "\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?\\+00",
  "time:http": "[A-Z][a-z]{2}, \\d\\d [A-Z][a-z]{2} \\d{4} \\d\\d:\\d\\d:\\d\\d GMT",
};

/** A sequence of requests with the responses of a real backend, which was empty at the start. */
export interface Recording {
  steps: Step[];
}

/** One request and its response. */
export interface Step {
  n: number;
  name: string;
  group: string;
  request: RecordedRequest;
  /** Undefined for a step that is run for its effect only. */
  response?: RecordedAnswer;
  /** Where the response contains new placeholders. */
  capture?: { at: string; as: string }[];
  /** Access tokens in the response: their header, claims and lifetime. */
  tokens?: Record<string, { header: unknown; claims: unknown; lifetimeSeconds: number }>;
}

interface RecordedRequest {
  method: string;
  path: string;
  query?: string;
  headers: Record<string, string>;
  body?: unknown;
  rawBody?: string;
  multipart?: { name: string; filename: string; contentType: string; base64: string }[];
}

interface RecordedAnswer {
  status: number;
  headers: Record<string, string> & { "set-cookie"?: string[] };
  body?: unknown;
  text?: string;
  base64?: string;
  empty?: boolean;
}

/** A step, with one line per difference between its response and the recorded one. */
export interface StepDifferences {
  step: Step;
  differences: string[];
}

/**
 * Replays every step in order; a difference does not stop the later steps.
 *
 * It compares status, body (numbers to one part in a million), media type, `content-range`,
 * `preference-applied`, `location`, cookies with their attributes, allowed origins, and the tokens.
 *
 * @returns the steps that differ
 */
export async function replayBackend(
  { steps }: Recording,
  { baseUrl, anonKey, apiKey }: { baseUrl: string; anonKey: string; apiKey: string },
): Promise<StepDifferences[]> {
  const known = new Placeholders({ "<base>": baseUrl, "<anonKey>": anonKey, "<apiKey>": apiKey });
  const found: StepDifferences[] = [];
  for (const step of steps) {
    const differences = await playStep(step, baseUrl, known);
    if (differences.length > 0) found.push({ step, differences });
  }
  return found;
}

async function playStep(step: Step, baseUrl: string, known: Placeholders): Promise<string[]> {
  const answer = await fetch(toRequest(step.request, baseUrl, known));
  const bytes = Buffer.from(await answer.arrayBuffer());
  const differences = step.response
    ? [
      ...compareStatus(step.response, answer),
      ...compareHeaders(step.response.headers, answer.headers, known),
      ...compareBody(step.response, bytes, known),
      ...compareTokens(step, known),
    ]
    : [];
  // Later steps need the values of this one, even if it differs from the recording.
  for (const { at, as } of step.capture ?? []) capture(at, as, { answer, bytes, known });
  return differences;
}

function toRequest(
  { method, path, query, headers, body, rawBody, multipart }: RecordedRequest,
  baseUrl: string,
  known: Placeholders,
): Request {
  const url = baseUrl + known.fill(path) + (query ? `?${known.fill(query)}` : "");
  return new Request(url, {
    method,
    headers: known.fillAll(headers) as Record<string, string>,
    body: multipart
      ? toForm(multipart)
      : rawBody ?? (body === undefined ? undefined : JSON.stringify(known.fillAll(body))),
    redirect: "manual",
  });
}

function toForm(parts: NonNullable<RecordedRequest["multipart"]>): FormData {
  const form = new FormData();
  for (const { name, filename, contentType: type, base64 } of parts) {
    form.append(name, new File([Buffer.from(base64, "base64")], filename, { type }));
  }
  return form;
}

function compareStatus({ status }: RecordedAnswer, answer: Response): string[] {
  return answer.status === status ? [] : [`status ${answer.status}, recorded ${status}`];
}

function compareBody(recorded: RecordedAnswer, bytes: Buffer, known: Placeholders): string[] {
  const text = bytes.toString();
  if (recorded.empty) return text === "" ? [] : [`body ${text}, recorded none`];
  if (recorded.base64 !== undefined) {
    return recorded.base64 === bytes.toString("base64") ? [] : [`${bytes.length} other bytes`];
  }
  if (recorded.text !== undefined) {
    return known.fits(recorded.text, text) ? [] : [`body ${text}, recorded ${recorded.text}`];
  }
  const json = parseJson(text);
  return json === undefined
    ? [`body ${text} is not JSON`]
    : compareJson(recorded.body, json, { at: "body", known });
}

function compareTokens({ tokens = {} }: Step, known: Placeholders): string[] {
  return Object.entries(tokens).flatMap(([name, recorded]) => {
    const [header, claims] = known.fill(name).split(".").slice(0, 2)
      .map((part) => JSON.parse(Buffer.from(part, "base64url").toString()));
    return [
      ...compareJson(recorded.header, header, { at: `${name} header`, known }),
      ...compareJson(recorded.claims, claims, { at: `${name} claims`, known }),
      ...compareJson(recorded.lifetimeSeconds, claims.exp - claims.iat, {
        at: `${name} life`,
        known,
      }),
    ];
  });
}

function capture(
  at: string,
  as: string,
  { answer, bytes, known }: { answer: Response; bytes: Buffer; known: Placeholders },
): void {
  const [source, ...path] = at.split("/");
  if (source === "set-cookie") {
    const cookie = answer.headers.getSetCookie()[Number(path[0])] ?? "";
    known.fits(as.split(";")[0]!, cookie.split(";")[0]!);
    return;
  }
  const value = path.reduce<unknown>(
    (current, key) => (current as Record<string, unknown> | undefined)?.[key],
    parseJson(bytes.toString()),
  );
  if (typeof value === "string") known.fits(as, value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Compares two JSON values; the order of keys does not matter. */
function compareJson(
  recorded: unknown,
  actual: unknown,
  { at, known }: { at: string; known: Placeholders },
): string[] {
  if (isList(recorded) && isList(actual)) {
    const length = Math.max(recorded.length, actual.length);
    return Array.from({ length }, (_, index) => index).flatMap((index) =>
      compareJson(recorded[index], actual[index], { at: `${at}/${index}`, known })
    );
  }
  if (isObject(recorded) && isObject(actual)) {
    return [...new Set([...Object.keys(recorded), ...Object.keys(actual)])].flatMap((key) =>
      compareJson(recorded[key], actual[key], { at: `${at}/${key}`, known })
    );
  }
  return equals(recorded, actual, known)
    ? []
    : [`${at}: ${JSON.stringify(actual)}, recorded ${JSON.stringify(recorded)}`];
}

/** Compares the headers that matter. */
function compareHeaders(
  recorded: Record<string, string> & { "set-cookie"?: string[] },
  actual: Headers,
  known: Placeholders,
): string[] {
  const differences: string[] = [];
  for (const name of EXACT_HEADERS) {
    const [want, got] = [recorded[name], actual.get(name) ?? undefined];
    const same = want === got || (want !== undefined && got !== undefined && known.fits(want, got));
    if (!same) differences.push(`${name}: ${got}, recorded ${want}`);
  }
  if (recorded["content-type"] !== undefined) {
    const [want, got] = [recorded["content-type"], actual.get("content-type")].map(mediaType);
    if (want !== got) differences.push(`content-type: ${got}, recorded ${want}`);
  }
  for (const [name, want] of Object.entries(recorded)) {
    const got = actual.get(name);
    if (name === "access-control-allow-origin" && got !== "*" && got !== want) {
      differences.push(`${name}: ${got}, recorded ${want}`);
    }
    if (name.startsWith("access-control-allow") && got === null) {
      differences.push(`${name} is missing, recorded ${want}`);
    }
  }
  return [...differences, ...compareCookies(recorded["set-cookie"] ?? [], actual, known)];
}

function compareCookies(recorded: string[], actual: Headers, known: Placeholders): string[] {
  const cookies = actual.getSetCookie();
  if (cookies.length !== recorded.length) {
    return [`${cookies.length} cookies, recorded ${recorded.length}`];
  }
  return recorded.flatMap((want, index) => {
    const [wanted, given] = [attributesOf(want), attributesOf(cookies[index]!)];
    const same = wanted.length === given.length &&
      wanted.every((attribute, place) => known.fits(attribute, given[place]!));
    return same ? [] : [`cookie ${cookies[index]}, recorded ${want}`];
  });
}

/** The cookie's name and value first, then its attributes in lower case and alphabetical order. */
function attributesOf(cookie: string): string[] {
  const [pair, ...attributes] = cookie.split(/;\s*/);
  return [
    pair!,
    ...attributes.map((text) => text.replace(/^[^=]+/, (name) => name.toLowerCase())).sort(),
  ];
}

function equals(recorded: unknown, actual: unknown, known: Placeholders): boolean {
  if (recorded === "<seconds>") return Number.isInteger(actual);
  if (typeof recorded === "string") {
    return typeof actual === "string" && known.fits(recorded, actual);
  }
  if (typeof recorded === "number" && typeof actual === "number") {
    return Math.abs(recorded - actual) <= TOLERANCE * Math.max(1, Math.abs(recorded));
  }
  return recorded === actual;
}

function isList(value: unknown): value is unknown[] {
  return Array.isArray(value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function mediaType(header: string | null): string {
  return (header ?? "").split(";")[0]!.trim().toLowerCase();
}

/** Placeholders and their values; a numbered placeholder keeps its value for the whole replay. */
class Placeholders {
  #values: Map<string, string>;

  constructor(values: Record<string, string>) {
    this.#values = new Map(Object.entries(values));
  }

  /** `text` with values in place of placeholders. @throws {Error} for one that has no value yet */
  fill(text: string): string {
    return text.replace(PLACEHOLDER, (placeholder) => {
      const value = this.#values.get(placeholder);
      if (value === undefined) throw new Error(`${placeholder} is not known yet`);
      return value;
    });
  }

  /** A copy of `value` with the placeholders in all its texts replaced. */
  fillAll(value: unknown): unknown {
    if (typeof value === "string") return this.fill(value);
    if (Array.isArray(value)) return value.map((each) => this.fillAll(each));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [key, this.fillAll(each)]),
    );
  }

  /** Whether `text` matches `recorded`; if so, new placeholders take their values from it. */
  fits(recorded: string, text: string): boolean {
    const fresh: string[] = [];
    const literals = recorded.split(PLACEHOLDER).map(escape);
    const holders = recorded.match(PLACEHOLDER) ?? [];
    const pattern = literals.reduce((left, right, index) =>
      left + this.#patternOf(holders[index - 1]!, fresh) + right
    );
    const found = new RegExp(`^${pattern}$`, "s").exec(text);
    if (!found) return false;
    fresh.forEach((placeholder, index) => {
      if (placeholder.includes("#")) this.#values.set(placeholder, found[index + 1]!);
    });
    return true;
  }

  #patternOf(placeholder: string, fresh: string[]): string {
    const value = this.#values.get(placeholder);
    if (value !== undefined) return escape(value);
    const before = fresh.indexOf(placeholder);
    if (before >= 0 && placeholder.includes("#")) return `\\${before + 1}`;
    fresh.push(placeholder);
    return `(${SHAPES[placeholder.slice(1, -1).split("#")[0]!]})`;
  }
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
