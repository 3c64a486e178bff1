/** `deno task docs`: writes `docs/api.md` from the sources that the API reference is made of. */
import { createDocument } from "./reference/document.ts";
import { createPage } from "./reference/markdown.ts";

await Deno.writeTextFile("docs/api.md", createPage(await createDocument()));
