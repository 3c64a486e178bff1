/**
 * The task `build [folder]`: writes one file per function and platform, and the API reference. The
 * default folder is `dist/`, and `.local/build/` in an app; the task may write to these only.
 */
import { join, relative } from "node:path";
import { writeArtefacts } from "./build/artefacts.ts";
import { type Artefact, bundleFunctions, type Platform } from "./build/bundle.ts";
import { openApp } from "./app.ts";
import { formatDocument, readReference } from "./reference/published.ts";

try {
  const app = openApp();
  const folder = Deno.args[0] ?? app.buildFolder;
  const artefacts = await bundleFunctions(app);
  await writeArtefacts(artefacts, folder, app);
  const { document } = await readReference(app);
  await Deno.writeTextFile(join(folder, "openapi.json"), formatDocument(document));
  console.log(formatSizes(artefacts));
  console.log(`Written to ${relative(app.root, folder) || "."}`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  Deno.exit(1);
}

/** Formats a table with one line per slug and the size of each of its files. */
function formatSizes(artefacts: Artefact[]): string {
  const slugs = artefacts.filter(({ platform }) => platform === "cloud").map(({ slug }) => slug);
  const width = Math.max(...slugs.map(({ length }) => length));
  const kilobytes = (platform: Platform, slug: string) => {
    const { code } = artefacts.find((one) => one.platform === platform && one.slug === slug)!;
    return (new TextEncoder().encode(code).length / 1024).toFixed(1).padStart(platform.length);
  };
  return [
    `${"KB".padEnd(width)}   cloud   self-hosted`,
    ...slugs.map((slug) =>
      `${slug.padEnd(width)}   ${kilobytes("cloud", slug)}   ${kilobytes("self-hosted", slug)}`
    ),
  ].join("\n");
}
