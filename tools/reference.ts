/** `tools/reference.ts`: prints the API reference, an OpenAPI document in JSON. */
import { createDocument, formatDocument } from "./reference/document.ts";

await Deno.stdout.write(new TextEncoder().encode(formatDocument(await createDocument())));
