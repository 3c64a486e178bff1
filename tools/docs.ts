/**
 * `deno task docs`: writes `docs/api.md` and `docs/openapi.json` from the sources that the API
 * reference is made of, and from all pages those for coding agents.
 */
import { createLlmsText, createSkill, LLMS_FILE, SKILL_FILE } from "./docs/agent_pages.ts";
import { createDocument } from "./reference/document.ts";
import { createPage } from "./reference/markdown.ts";
import { DOCUMENT_FILE, formatDocument } from "./reference/published.ts";

const document = await createDocument();
await Deno.writeTextFile("docs/api.md", createPage(document));
await Deno.writeTextFile(DOCUMENT_FILE, formatDocument(document));

const pages = [...Deno.readDirSync("docs")].map(({ name }) => `docs/${name}`)
  .filter((path) => path.endsWith(".md")).sort()
  .map((path) => ({ path, text: Deno.readTextFileSync(path) }));
await Deno.writeTextFile(SKILL_FILE, createSkill(pages));
await Deno.writeTextFile(LLMS_FILE, createLlmsText(pages, document));
