/** docs/api.md and docs/openapi.json say what the functions' own sources say. */
import { assert, assertEquals } from "@std/assert";
import { listSlugs } from "../../tools/functions.ts";
import { createDocument } from "../../tools/reference/document.ts";
import { createPage } from "../../tools/reference/markdown.ts";
import { DOCUMENT_FILE, formatDocument } from "../../tools/reference/published.ts";
import { pages } from "./pages.ts";

const { text } = pages.find(({ path }) => path === "docs/api.md")!;

Deno.test("docs/api.md and docs/openapi.json are what `deno task docs` writes", async () => {
  const document = await createDocument();
  requireSame("docs/api.md", createPage(document));
  requireSame(DOCUMENT_FILE, formatDocument(document));
});

function requireSame(path: string, written: string): void {
  const text = Deno.readTextFileSync(path);
  if (text === written) return;
  const lines = written.split("\n");
  const line = text.split("\n").findIndex((line, i) => line !== lines[i]) + 1;
  throw new Error(`${path} is out of date from line ${line} on: run \`deno task docs\``);
}

Deno.test("docs/api.md has a section for every function, with its fields and errors", () => {
  const titles = [...text.matchAll(/^## (.+)$/gm)].map(([, title]) => title);
  assertEquals(titles.toSorted(), listSlugs().toSorted());
  const sections = text.split("\n## ").slice(1);
  for (const section of sections) {
    assert(section.includes("\nErrors: 4"), section.slice(0, 80));
    assert(section.includes("\n| field"), section.slice(0, 80));
  }
});
