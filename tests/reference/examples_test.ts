/** Sends the request of every example of the API reference to the local stack, as the demo user. */
import { assert, assertEquals } from "@std/assert";
import { mapConcurrently } from "../../shared/concurrency.ts";
import { readData } from "../../shared/http/sse.ts";
import { loadFunction } from "../../tools/functions.ts";
import { type Stack, startStack } from "../../tools/local/stack.ts";
import { loadReferences } from "../../tools/reference/document.ts";
import { toPath } from "../../tools/reference/entry.ts";
import { isGood } from "../../tools/reference/examples.ts";
import { toErrorName } from "../../tools/reference/failures.ts";
import {
  createTypicalExamples,
  type TypicalExample,
} from "../../tools/reference/typical_failures.ts";
import type { Example } from "../../tools/reference/operation.ts";
import { assertFits, document, findResponse } from "./schemas.ts";
import { getAccessToken } from "../support/session.ts";

const SETTINGS: Record<string, string> = {
  PORT: "0",
  INSFORGE_PORT: "0",
  OPENROUTER_PORT: "0",
  CONNECT_RETURN_URLS: "https://app.example.com/settings",
  KEYS_ENCRYPTION_KEY: btoa("0123456789abcdef0123456789abcdef"),
  LEGACY_ALLOW_API_KEY: "true",
  USER_USD_PER_DAY: "10",
  ENABLE_OBJECT_GEN: "true",
};
const CONCURRENCY = 8;
console.log = () => {};

interface Case {
  slug: string;
  /** The path in the document. */
  path: string;
  method: string;
  name: string;
  example: TypicalExample;
}

Deno.test("every example of the reference gets the response that it shows", async () => {
  await using stack = await startStack({ get: (name) => SETTINGS[name] });
  const token = await getAccessToken(stack);
  await indexDemoData(stack);
  const cases = await listCases();
  const failures: unknown[] = [];
  // First the requests that do something, then those that report it, such as usage.
  for (const order of ["POST", "GET"]) {
    await mapConcurrently(
      cases.filter(({ method }) => method === order),
      CONCURRENCY,
      (one) =>
        check(stack, token, one).catch((failure) => failures.push(`${toName(one)}: ${failure}`)),
    );
  }
  assertEquals(failures, []);
  const asked = new Set(cases.flatMap(listNames));
  assertEquals(listDocumented().filter((name) => !asked.has(name)), []);
});

Deno.test("every operation below a slug is also reached by `?route=`", async () => {
  await using stack = await startStack({ get: (name) => SETTINGS[name] });
  const token = await getAccessToken(stack);
  const cases = (await listCases()).filter(({ slug, path }) => path !== `/${slug}`);
  const groups = Object.groupBy(cases, ({ method, path }) => `${method} ${path}`);
  const firsts = Object.values(groups).flatMap((group) => group?.slice(0, 1) ?? []);
  assert(firsts.length > 9);
  for (const { slug, path, method, example } of firsts) {
    const address = `/${slug}?route=${fill(path, example).slice(slug.length + 2)}`;
    const response = await fetch(createRequest(stack, token, method, address, example));
    assertEquals(response.status, example.status ?? 200, `${address}: ${await response.text()}`);
  }
});

/** Without an index, no question finds a row. */
async function indexDemoData({ functionsUrl, insforge }: Stack): Promise<void> {
  const response = await fetch(`${functionsUrl}/ask-records/index`, {
    method: "POST",
    headers: { Authorization: `Bearer ${insforge!.secrets.API_KEY}` },
  });
  assertEquals((await response.json()).indexed, 200);
}

async function check(stack: Stack, token: string, one: Case): Promise<void> {
  const { slug, path, method, example } = one;
  const { status = 200, answer, settings } = example;
  const request = createRequest(stack, token, method, fill(path, example), example);
  const received = settings
    ? await askFunction(stack, slug, settings, request)
    : await read(await fetch(request));
  assertEquals(received.status, status, received.text);
  const place = findResponse(path, method.toLowerCase(), String(status));
  const schema = [...place, "content", received.type, "schema"];
  if (received.type === "text/event-stream") schema.push("contentSchema");
  for (const value of received.values) {
    if (value !== "[DONE]") assertFits(value, schema);
  }
  if (status >= 400) assertEquals(received.values[0], answer);
  else if (answer !== undefined) assertExcerpts(answer, received);
}

/** Every example; examples that operations share are made from a successful request of each. */
async function listCases(): Promise<Case[]> {
  const cases: Case[] = [];
  const simulated = new Set<string>();
  for (const [slug, reference] of await loadReferences()) {
    for (const [key, { examples, errors, toErrorBody }] of Object.entries(reference.operations)) {
      const rendered = { ...reference, toErrorBody: toErrorBody ?? reference.toErrorBody };
      const [method, route] = key.split(" ");
      const path = toPath(slug, route!);
      const add = (name: string, example: TypicalExample) =>
        cases.push({ slug, path, method: method!, name, example });
      for (const [name, example] of Object.entries(examples)) add(name, example);

      const { responses } = document.paths[path]![method!.toLowerCase()]!;
      const good = Object.values(examples).find(isGood);
      const shared = errors.filter((status) => good && responses[status]!.$ref)
        .flatMap((status) => Object.entries(createTypicalExamples(status, rendered)));
      for (const [name, change] of shared) {
        const { request, parameters } = good!;
        const { simulate } = change;
        const one = {
          ...change,
          parameters,
          request: simulate ? { ...request, simulate } : request,
        };
        // Operations that call a model can ask for a failure. Each failure is tried once, because
        // it is retried.
        const place = `${toErrorName(rendered.toErrorBody)} ${name}`;
        if (simulate && (!errors.includes(402) || simulated.has(place))) continue;
        if (simulate) simulated.add(place);
        add(name, one);
      }
    }
  }
  return cases;
}

interface Received {
  status: number;
  /** Media type. */
  type: string;
  text: string;
  /** The value of a JSON response, or the data of each event. */
  values: unknown[];
}

function createRequest(
  { functionsUrl, insforge }: Stack,
  token: string,
  method: string,
  address: string,
  { request, caller }: Example,
): Request {
  const headers = new Headers({ "Content-Type": "application/json" });
  const tokens = { stranger: "nobody", administrator: insforge!.secrets.API_KEY };
  if (caller !== "nobody") {
    headers.set("Authorization", `Bearer ${caller ? tokens[caller] : token}`);
  }
  return new Request(functionsUrl + address, {
    method,
    headers,
    body: request && JSON.stringify(request),
  });
}

/** Calls a function with other settings than those of the stack. */
async function askFunction(
  { insforge, insforgeUrl, openrouterUrl }: Stack,
  slug: string,
  settings: Record<string, string>,
  request: Request,
): Promise<Received> {
  const { default: handler } = await loadFunction(slug);
  const values: Record<string, string> = {
    ...insforge!.secrets,
    INSFORGE_BASE_URL: insforgeUrl,
    OPENROUTER_BASE_URL: openrouterUrl,
    OPENROUTER_API_KEY: "sk-or-v1-local",
    ...settings,
  };
  return await read(await handler(request, { get: (name) => values[name] }));
}

async function read(response: Response): Promise<Received> {
  const [type] = response.headers.get("Content-Type")!.split(";");
  const text = await response.text();
  const data = type === "text/event-stream"
    ? text.split("\n\n").map(readData).filter((data) => data !== undefined)
    : [text];
  const isJson = type === "text/event-stream" || type === "application/json";
  const values = data.map((data) => data === "[DONE]" || !isJson ? data : JSON.parse(data));
  return { status: response.status, type: type!, text, values };
}

/** The path with an example's parameters in path and query. */
function fill(path: string, { parameters = {} }: Example): string {
  const query = new URLSearchParams();
  let filled = path;
  for (const [name, value] of Object.entries(parameters)) {
    if (filled.includes(`{${name}}`)) {
      filled = filled.replace(`{${name}}`, encodeURIComponent(value));
    } else query.set(name, value);
  }
  return query.size > 0 ? `${filled}?${query}` : filled;
}

function assertExcerpts(answer: unknown, { type, values }: Received): void {
  const isStream = type === "text/event-stream";
  const excerpts = isStream ? answer as unknown[] : [answer];
  for (const excerpt of excerpts) {
    const found = values.some((value) => isExcerpt(excerpt, value));
    assert(found, `no response of the shape ${JSON.stringify(excerpt)}`);
  }
  // The last event of a stream is part of the contract, exactly.
  if (isStream) assertEquals(values.at(-1), excerpts.at(-1));
}

/** Whether the response has everything that an example shows, with values of the same types. */
function isExcerpt(shown: unknown, there: unknown): boolean {
  if (Array.isArray(shown)) {
    return Array.isArray(there) &&
      shown.every((item) => there.some((other) => isExcerpt(item, other)));
  }
  if (typeof shown !== "object" || shown === null) {
    return typeof shown === typeof there && (shown === null) === (there === null);
  }
  return typeof there === "object" && there !== null &&
    Object.entries(shown).every(([name, value]) =>
      name in there && isExcerpt(value, (there as Record<string, unknown>)[name])
    );
}

/** The names of all examples in the document; shared examples are named by their place in it. */
function listDocumented(): string[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, { requestBody, parameters = [], responses }]) => {
      const own = [requestBody, ...Object.values(responses)].map((one) => one?.content ?? {});
      const holders = [...own.flatMap((content) => Object.values(content)), ...parameters];
      return listExamples(`${method.toUpperCase()} ${path}`, holders);
    })
  ).concat(
    Object.entries(document.components.responses).flatMap(([name, { content = {} }]) =>
      listExamples(`components/responses/${name}`, Object.values(content))
    ),
  );
}

function listExamples(place: string, holders: { examples?: object }[]): string[] {
  return holders.flatMap(({ examples = {} }) => Object.keys(examples))
    .map((name) => `${place}, ${name}`);
}

function listNames(one: Case): string[] {
  const { path, method, name, example: { status = 200 } } = one;
  const place = findResponse(path, method.toLowerCase(), String(status));
  return [toName(one), `${place.join("/")}, ${name}`];
}

function toName({ path, method, name }: Case): string {
  return `${method} ${path}, ${name}`;
}
