/**
 * `deno task docs`: writes `docs/api.md` and `docs/openapi.json` from the sources that the API
 * reference is made of.
 */
import { createDocument } from "./reference/document.ts";
import { createPage } from "./reference/markdown.ts";
import { DOCUMENT_FILE, formatDocument } from "./reference/published.ts";

const document = await createDocument();
await Deno.writeTextFile("docs/api.md", createPage(document));
await Deno.writeTextFile(DOCUMENT_FILE, formatDocument(document));
