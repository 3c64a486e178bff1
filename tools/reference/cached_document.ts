/** Makes the API reference in a process of its own, and keeps it until a source changes. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { preparePackages } from "../packages/configuration.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PROGRAM = fileURLToPath(new URL("../reference.ts", import.meta.url));

/** The sources of the document, relative to the root. */
const SOURCES = ["deno.json", "deno.lock", "functions", "shared", "tools/reference"];

/**
 * Creates a function that returns the document as JSON.
 *
 * Making the document takes seconds and some hundred megabytes, so a process does it. The result is
 * kept in `file` and used as long as no source has another size or date.
 *
 * @param file where the document is kept between runs.
 * @param options.make makes the document; the default needs permission to run this Deno.
 * @param options.root the folder of the sources.
 */
export function createDocumentCache(
  file: string,
  { make = runProgram, root = ROOT } = {},
): () => Promise<string> {
  let current: { key: string; document: Promise<string> } | undefined;
  return async () => {
    const key = await toKey(root);
    if (current?.key !== key) {
      const document = readOrMake(file, { key, make });
      current = { key, document };
      // A failure is reported once, and tried again with the next request.
      document.catch(() => current = undefined);
    }
    return await current!.document;
  };
}

async function readOrMake(
  file: string,
  { key, make }: { key: string; make: () => Promise<string> },
): Promise<string> {
  const kept = await Deno.readTextFile(file).catch(() => "");
  if (kept.startsWith(`${key}\n`)) return kept.slice(key.length + 1);
  const document = await make();
  await Deno.mkdir(dirname(file), { recursive: true });
  // In two steps, so that another process never reads half a document.
  const temporary = `${file}.${crypto.randomUUID()}`;
  await Deno.writeTextFile(temporary, `${key}\n${document}`);
  await Deno.rename(temporary, file);
  return document;
}

/** Returns a hash of the paths, sizes and dates of all sources. */
async function toKey(root: string): Promise<string> {
  const lines: string[] = [];
  for (const path of SOURCES) await describeSources(root, path, lines);
  const bytes = new TextEncoder().encode(lines.sort().join("\n"));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

async function describeSources(root: string, path: string, lines: string[]): Promise<void> {
  const { isDirectory, size, mtime } = await Deno.stat(join(root, path));
  if (!isDirectory) {
    lines.push(`${path} ${size} ${mtime?.getTime()}`);
    return;
  }
  for await (const { name } of Deno.readDir(join(root, path))) {
    await describeSources(root, `${path}/${name}`, lines);
  }
}

async function runProgram(): Promise<string> {
  const args = [
    ...["run", ...await preparePackages("reference"), "--quiet", "--no-prompt", "--no-check"],
    ...["--allow-read", "--ignore-env", PROGRAM],
  ];
  const command = new Deno.Command(Deno.execPath(), { args, stdin: "null" });
  const { success, stdout, stderr } = await command.output();
  const [text, messages] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim());
  if (!success) throw new Error(`The API reference could not be made: ${messages}`);
  if (messages) console.error(messages);
  return `${text}\n`;
}
