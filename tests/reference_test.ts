/** The API reference is a valid document with exactly the operations that exist. */
import { Validator } from "@seriousme/openapi-schema-validator";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { listSlugs, loadFunction } from "../tools/functions.ts";
import { toPath } from "../tools/reference/entry.ts";
import type { JsonSchema } from "../tools/reference/json_schema.ts";
import {
  assertFits,
  type Content,
  findResponse,
  listEntries,
  readPlace,
  type Response,
  text,
} from "./reference/schemas.ts";

console.log = () => {};

Deno.test("the reference is a valid OpenAPI 3.1 document", async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(JSON.parse(text));
  assert(valid, JSON.stringify(errors, null, 2));
  assertEquals(validator.version, "3.1");
});

Deno.test("every function has a reference.ts", async () => {
  const files = listSlugs().map((slug) => `functions/${slug}/reference.ts`);
  const missing: string[] = [];
  for (const file of files) await Deno.stat(file).catch(() => missing.push(file));
  assertEquals(missing, [], "export a Reference of tools/reference/operation.ts from these files");
});

Deno.test("the reference has every operation of every function, and no others", async () => {
  const routed = await Promise.all(
    listSlugs().map(async (slug) => {
      const { routes } = (await loadFunction(slug)).default;
      return routes.filter(({ method }) => method !== "ALL")
        .map(({ method, path }) => `${method} ${toPath(slug, path)}`);
    }),
  );
  const documented = listEntries().map(([path, method]) => `${method.toUpperCase()} ${path}`);
  assertEquals(documented.toSorted(), routed.flat().toSorted());
});

Deno.test("every function has a summary and a link to the API that it uses", () => {
  const tags = JSON.parse(text).tags as {
    name: string;
    description: string;
    externalDocs?: object;
  }[];
  assertEquals(tags.map(({ name }) => name).toSorted(), listSlugs().toSorted());
  for (const { name, description, externalDocs } of tags) {
    assertMatch(description, /^[A-Z][^\n]{20,100}\.\n\n/, name);
    assert(externalDocs, name);
  }
});

Deno.test("every operation has a unique id, a response, and errors that the documentation lists", () => {
  const ids = new Set<string>();
  for (const [path, method, entry] of listEntries()) {
    const { operationId, responses } = entry;
    ids.add(operationId);
    assert(Object.keys(responses).length > 2, path);
    for (const status of Object.keys(responses).filter((status) => Number(status) >= 400)) {
      const place = findResponse(path, method, status);
      const { description } = readPlace<Response>(place);
      assertMatch(description, /^(`[A-Z_]+`|Service Unavailable$)/, `${path} ${status}`);
    }
  }
  assertEquals(ids.size, listEntries().length);
});

Deno.test("operations that call OpenRouter document 429, 502 and 504", () => {
  const asking = /^\/(v1\/models.*|connect|connect\/(status|callback)|.*\/ai\/(?!models).*)$/;
  const asked = listEntries().filter(([path]) => asking.test(path));
  assertEquals(asked.length, 10);
  for (const [path, , { responses }] of asked) {
    assert(["429", "502", "504"].every((status) => status in responses), path);
  }
});

Deno.test("paid operations document 403, for users who must connect first", () => {
  const paid = listEntries().filter(([, , { responses }]) => "402" in responses);
  assert(paid.some(([path]) => path.includes("/ai/")));
  for (const [path, , { responses }] of paid) assert("403" in responses, path);
});

Deno.test("the code of every error example is documented for its status", () => {
  for (const [path, method, { responses, deprecated }] of listEntries()) {
    if (deprecated) continue; // InsForge's own codes
    for (const status of Object.keys(responses).filter((status) => Number(status) >= 400)) {
      const { description, content = {} } = readPlace<Response>(findResponse(path, method, status));
      for (const { value } of Object.values(content["application/json"]!.examples ?? {})) {
        const { error } = value as { error: string | { metadata: { error_code: string } } };
        const code = typeof error === "string" ? error : error.metadata.error_code;
        assert(description.includes(`\`${code}\``), `${path} ${status}: ${code}`);
      }
    }
  }
});

Deno.test("every example matches its own schema", () => {
  let count = 0;
  const check = (content: Record<string, Content> = {}, place: string[]) => {
    for (const [type, { examples = {} }] of Object.entries(content)) {
      for (const { value } of Object.values(examples)) {
        assertFits(value, [...place, "content", type, "schema"]);
        count++;
      }
    }
  };
  for (const [path, method, { requestBody, parameters = [], responses }] of listEntries()) {
    check(requestBody?.content, ["paths", path, method, "requestBody"]);
    for (const [i, { examples = {} }] of parameters.entries()) {
      for (const { value } of Object.values(examples)) {
        assertFits(value, ["paths", path, method, "parameters", String(i), "schema"]);
      }
    }
    for (const status of Object.keys(responses)) {
      const place = findResponse(path, method, status);
      check(readPlace<Response>(place).content, place);
    }
  }
  assert(count > 40, `only ${count} examples`);
});

Deno.test("schemas state which fields pass through, their meaning, and what is rejected", () => {
  const body = ["requestBody", "content", "application/json", "schema"];
  const chat = readPlace<JsonSchema>(["paths", "/chat", "post", ...body]);
  assertEquals(chat.additionalProperties, {});
  assertEquals(
    chat.properties!.model!.description,
    "The setting `OPENROUTER_CHAT_MODEL` unless given.",
  );
  assertMatch(chat.description!, /^Otherwise refused: Either "prompt" or "messages" must be given/);
  const image = readPlace<JsonSchema>(["paths", "/image-gen", "post", ...body]);
  assertEquals(image.properties!.save!.additionalProperties, false);
});

Deno.test("operations for the project's API key say so", () => {
  const wanting = listEntries().filter(([, , { security }]) => security !== undefined)
    .map(([path, , { security }]) => [path, security]);
  assertEquals(wanting, [
    ["/ask-records/index", [{ administrator: [] }]],
    ["/legacy-compat/ai/models", [{ administrator: [] }]],
    ["/usage/sweep", [{ administrator: [] }]],
  ]);
});

Deno.test("the routes of legacy-compat are deprecated, and no others", () => {
  for (const [path, , { deprecated = false }] of listEntries()) {
    assertEquals(deprecated, path.startsWith("/legacy-compat/"), path);
  }
});
