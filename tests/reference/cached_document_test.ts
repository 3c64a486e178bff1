/** The API reference is made once, and again only after a source has changed. */
import { assertEquals, assertRejects } from "@std/assert";
import { createDocumentCache } from "../../tools/reference/cached_document.ts";
import { loadReferences } from "../../tools/reference/document.ts";

let root: string;
let made: number;

Deno.test.beforeEach(async () => {
  await Deno.mkdir(".local", { recursive: true });
  root = await Deno.makeTempDir({ dir: ".local" });
  made = 0;
  for (const folder of ["functions/chat", "shared", "tools/reference"]) {
    await Deno.mkdir(`${root}/${folder}`, { recursive: true });
  }
  for (const file of ["deno.json", "deno.lock", "functions/chat/index.ts"]) {
    await Deno.writeTextFile(`${root}/${file}`, "");
  }
});
Deno.test.afterEach(async () => await Deno.remove(root, { recursive: true }));

Deno.test("makes the document once for requests at the same time", async () => {
  const read = createCache();
  assertEquals(await Promise.all([read(), read()]), ["document 1", "document 1"]);
});

Deno.test("takes the document of an earlier process", async () => {
  assertEquals(await createCache()(), "document 1");
  assertEquals(await createCache()(), "document 1");
});

Deno.test("makes the document again when a source changes, appears or disappears", async () => {
  const read = createCache();
  assertEquals(await read(), "document 1");
  await Deno.writeTextFile(`${root}/functions/chat/index.ts`, "changed");
  assertEquals(await read(), "document 2");
  await Deno.writeTextFile(`${root}/shared/new.ts`, "");
  assertEquals(await read(), "document 3");
  await Deno.remove(`${root}/shared/new.ts`);
  assertEquals(await read(), "document 4");
  assertEquals(await createCache()(), "document 4");
});

Deno.test("tries again after a failure", async () => {
  let fails = true;
  const make = () => fails ? Promise.reject(new Error("broken")) : makeDocument();
  const read = createDocumentCache(`${root}/kept/openapi.json`, { make, root });
  await assertRejects(read, Error, "broken");
  fails = false;
  assertEquals(await read(), "document 1");
});

Deno.test("leaves out a function without a reference.ts, and says so", async () => {
  const { error } = console;
  const lines: string[] = [];
  console.error = (line) => lines.push(line);
  try {
    assertEquals([...(await loadReferences(["chat", "own"])).keys()], ["chat"]);
  } finally {
    console.error = error;
  }
  assertEquals(lines, [
    'The API reference leaves out "own": functions/own/reference.ts is missing',
  ]);
});

function createCache(): () => Promise<string> {
  return createDocumentCache(`${root}/kept/openapi.json`, { make: makeDocument, root });
}

function makeDocument(): Promise<string> {
  return Promise.resolve(`document ${++made}`);
}
