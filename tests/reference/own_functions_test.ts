/** The entries of an app's own functions in the API reference. */
import { assertEquals, assertRejects } from "@std/assert";
import { openApp } from "../../tools/app.ts";
import { addOwnFunction } from "../../tools/reference/own_functions.ts";
import { readReference } from "../../tools/reference/published.ts";
import { createApp } from "../app/app_folder.ts";

const FUNCTION = "export default () => Response.json({});";
const toReference = (answer: string) => `
  export const reference = { operations: {
    "GET /": { summary: "Says something", answer: "${answer}", errors: [401], examples: {} },
  } };`;

Deno.test("adds a function with a reference.ts, and reports the one without", async () => {
  await using folder = await createApp({
    "functions/quiet/index.ts": FUNCTION,
    "functions/spoken/index.ts": FUNCTION,
    "functions/spoken/reference.ts": toReference("ChatAnswer"),
  });
  const { document, missing } = await readReference(openApp(folder.path));
  assertEquals(missing, ["quiet"]);
  assertEquals(document.tags.map(({ name }) => name), ["spoken"]);
  assertEquals(Object.keys(document.paths), ["/spoken"]);
});

Deno.test("rejects a reference.ts that names a type of no built-in function", async () => {
  await using folder = await createApp({
    "functions/spoken/index.ts": FUNCTION,
    "functions/spoken/reference.ts": toReference("Nonsense"),
  });
  const { document } = await readReference(openApp());
  await assertRejects(
    () => addOwnFunction(document, openApp(folder.path), "spoken"),
    Error,
    'functions/spoken/reference.ts names Nonsense; "answer" and "events" must be schemas',
  );
});
