/** Every example of the API reference, asked of the local stack as the demo user. */
import { assert, assertEquals } from "@std/assert";
import { readData } from "../../shared/sse.ts";
import { DEMO_USERS } from "../../tools/local/insforge/demo.ts";
import { type Stack, startStack } from "../../tools/local/stack.ts";
import { loadReferences } from "../../tools/reference/document.ts";
import { toPath } from "../../tools/reference/entry.ts";
import { createCommonExamples } from "../../tools/reference/failures.ts";
import type { Example } from "../../tools/reference/operation.ts";
import {
  assertFits,
  type Content,
  document,
  findResponse,
  readPlace,
  type Response as Documented,
} from "./schemas.ts";

const SETTINGS: Record<string, string> = {
  PORT: "0",
  INSFORGE_PORT: "0",
  OPENROUTER_PORT: "0",
  LEGACY_ALLOW_API_KEY: "true",
};
console.log = () => {};

Deno.test("every example in the reference is answered as it says", async (t) => {
  await using stack = await startStack({ get: (name) => SETTINGS[name] });
  const token = await signIn(stack);
  const asked = new Set<string>();

  for (const [slug, { operations, toErrorBody }] of await loadReferences()) {
    for (const [key, operation] of Object.entries(operations)) {
      const [method, route] = key.split(" ");
      const path = toPath(slug, route);
      const entry = document.paths[path][method.toLowerCase()];
      const refused = "$ref" in entry.responses[401] ? createCommonExamples(401, toErrorBody) : {};

      await t.step(`${method} ${path}`, async () => {
        const examples = Object.entries({ ...operation.examples, ...refused });
        await Promise.all(examples.map(async ([name, example]) => {
          const { status = 200, answer } = example;
          const ask = (address: string) => send(stack, token, method, address, example);
          const place = findResponse(path, method.toLowerCase(), String(status));
          const received = await ask(fill(path, example));
          assertEquals(received.status, status, `${name}: ${received.text}`);
          const values = read(received);
          const schema = [...place, "content", received.type, "schema"];
          if (received.type === "text/event-stream") {
            for (const value of values.filter((value) => value !== "[DONE]")) {
              assertFits(value, [...schema, "contentSchema"]);
            }
          } else assertFits(values[0], schema);

          if (status >= 400) assertEquals(values[0], answer, name);
          else if (answer !== undefined) assertExcerpts(answer, received.type, values, name);
          asked.add(`${path} ${method.toLowerCase()} ${name}`);
        }));
      });

      if (route === "/") continue;
      await t.step(`${method} ${path}, by query`, async () => {
        const [example] = Object.values(operation.examples);
        const address = `/${slug}?route=${fill(path, example).slice(slug.length + 2)}`;
        const { status, text } = await send(stack, token, method, address, example);
        assertEquals(status, example.status ?? 200, text);
      });
    }
  }
  assertEquals(listDocumented().filter((name) => !asked.has(name)), []);
});

interface Received {
  status: number;
  /** Media type. */
  type: string;
  text: string;
}

async function send(
  stack: Stack,
  token: string,
  method: string,
  address: string,
  { request, caller }: Example,
): Promise<Received> {
  const headers = new Headers({ "Content-Type": "application/json" });
  const tokens = { stranger: "nobody", administrator: stack.insforge!.secrets.API_KEY };
  if (caller !== "nobody") {
    headers.set("Authorization", `Bearer ${caller ? tokens[caller] : token}`);
  }
  const body = request && JSON.stringify(request);
  const response = await fetch(stack.functionsUrl + address, { method, headers, body });
  const [type] = response.headers.get("Content-Type")!.split(";");
  return { status: response.status, type, text: await response.text() };
}

/** An address with an example's parameters in path and query. */
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

/** The one value of a whole answer, or the data of each event. */
function read({ type, text }: Received): unknown[] {
  if (type !== "text/event-stream") return [JSON.parse(text)];
  const data = text.split("\n\n").map(readData).filter((data) => data !== undefined);
  return data.map((data) => data === "[DONE]" ? data : JSON.parse(data));
}

function assertExcerpts(answer: unknown, type: string, values: unknown[], name: string): void {
  const excerpts = type === "text/event-stream" ? answer as unknown[] : [answer];
  for (const excerpt of excerpts) {
    const found = values.some((value) => isExcerpt(excerpt, value));
    assert(found, `${name}: no answer of the shape ${JSON.stringify(excerpt)}`);
  }
  // How a stream ends is part of the contract, to the letter.
  if (excerpts.at(-1) === "[DONE]") assertEquals(values.at(-1), "[DONE]", name);
  else if (type === "text/event-stream") assertEquals(values.at(-1), excerpts.at(-1), name);
}

/** Whether all that an example shows is also there, and of the same kind. */
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

/** Every example that the document itself shows, by path, method and name. */
function listDocumented(): string[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, { requestBody, parameters = [], responses }]) => {
      const places = Object.keys(responses).map((status) => findResponse(path, method, status));
      const answers = places.map((place) => readPlace<Documented>(place));
      const contents: Record<string, Content>[] = [requestBody, ...answers]
        .map((one) => one?.content ?? {});
      const holders = [...contents.flatMap((content) => Object.values(content)), ...parameters];
      const names = holders.flatMap(({ examples = {} }) => Object.keys(examples));
      return names.map((name) => `${path} ${method} ${name}`);
    })
  );
}

async function signIn({ insforgeUrl }: Stack): Promise<string> {
  const [{ email, password }] = DEMO_USERS;
  const response = await fetch(`${insforgeUrl}/api/auth/sessions`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ email, password }),
  });
  return (await response.json()).accessToken;
}
