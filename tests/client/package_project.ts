/**
 * Packs the client, installs it in an empty project, compiles uses of it there with two versions of
 * TypeScript and runs one on Node. A program of its own, because only it needs npm, Node and the
 * bundler; the test that starts it needs only Deno.
 *
 * Arguments: the functions' URL and a token. Output: a {@link PackageReport} as JSON.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import ts from "typescript";
import {
  bundleClient,
  CLIENT_ENTRIES,
  packFolder,
  writePackage,
} from "../../tools/pack/client_package.ts";

/** What the program found out. */
export interface PackageReport {
  /** Bytes of the client, minified and gzipped. */
  size: number;
  /** The files that the bundle consists of. */
  inputs: string[];
  /** The installed files by name, with their text. */
  installed: Record<string, string>;
  /** What TypeScript reports, by version and module resolution. */
  faults: Record<string, string>;
  /** What the use printed on Node. */
  node: { version: string; text: string; parts: string[]; code: string };
}

/** The strictest settings that an app may have. */
const COMPILER_OPTIONS = {
  target: "es2022",
  lib: ["es2022", "dom"],
  types: [],
  strict: true,
  noEmit: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  verbatimModuleSyntax: true,
};
const RESOLUTIONS = {
  bundler: { module: "esnext", moduleResolution: "bundler" },
  nodenext: { module: "nodenext", moduleResolution: "nodenext" },
};
/** The specifiers of the client's entries, by the names of their modules. */
const ENTRIES = Object.fromEntries(
  CLIENT_ENTRIES.map(({ path, module }) => [module, `insforge-ai-functions/${path}`]),
);
/** TypeScript 5, written in JavaScript, and 7, the native compiler. */
const COMPILERS = { 5: "typescript/lib/tsc.js", 7: "typescript-7/package.json" };
const LOCAL = fileURLToPath(new URL("../../.local/", import.meta.url));

const USE = `
import { AiError, type ChatAnswer, createAiClient, type StreamPart } from "insforge-ai-functions/client";

declare const process: { argv: string[]; version: string };
const [, , functionsUrl = "", token] = process.argv;
const ai = createAiClient({ functionsUrl, getAccessToken: ({ refresh }) => refresh ? null : token });

const answer: ChatAnswer = await ai.chat({ messages: [{ role: "user", content: "Hello" }] });
const parts: StreamPart["type"][] = [];
for await (const part of ai.stream({ prompt: "Hello", temperature: 0 })) {
  parts.push(part.type);
  if (part.type === "error") throw part.error;
  if (part.type === "tool-call") JSON.parse(part.arguments);
}
const refusal = await createAiClient({ functionsUrl, getAccessToken: () => null })
  .chat({ prompt: "Hello" }).catch((error: unknown) => error);
const code = refusal instanceof AiError ? refusal.code : "none";
console.log(JSON.stringify({ version: process.version, text: answer.text, parts, code }));
`;

await Deno.mkdir(LOCAL, { recursive: true });
const project = await Deno.makeTempDir({ dir: LOCAL, prefix: "package-" });
try {
  console.log(JSON.stringify(await examine(project)));
} finally {
  await Deno.remove(project, { recursive: true });
}

async function examine(project: string): Promise<PackageReport> {
  const source = join(project, "source");
  await Deno.mkdir(source);
  await writePackage(source);
  const tarball = await packFolder(source, project);
  await Deno.writeTextFile(join(project, "package.json"), '{"private":true,"type":"module"}');
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", tarball], project);

  await Deno.writeTextFile(join(project, "use.ts"), USE);
  const uses = await Deno.readTextFile(new URL("type_uses.ts", import.meta.url));
  await Deno.writeTextFile(
    join(project, "type_uses.ts"),
    uses.replaceAll(/"\.\.\/\.\.\/client\/(\w+)\.ts"/g, (_, entry) => `"${ENTRIES[entry]}"`),
  );
  const language = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
  const { outputText } = ts.transpileModule(USE, { compilerOptions: language });
  await Deno.writeTextFile(join(project, "use.js"), outputText);
  const { code, inputs } = await bundleClient({ minify: true });
  return {
    size: gzipSync(code).length,
    inputs,
    installed: await readFolder(join(project, "node_modules/insforge-ai-functions")),
    faults: await compile(project),
    node: JSON.parse(await run("node", ["use.js", ...Deno.args], project)),
  };
}

/** Compiles the project with every compiler and module resolution. */
async function compile(project: string): Promise<Record<string, string>> {
  const faults: Record<string, string> = {};
  for (const [version, compiler] of Object.entries(COMPILERS)) {
    const path = fileURLToPath(import.meta.resolve(compiler)).replace("package.json", "bin/tsc");
    for (const [name, resolution] of Object.entries(RESOLUTIONS)) {
      const config = {
        compilerOptions: { ...COMPILER_OPTIONS, ...resolution },
        files: ["use.ts", "type_uses.ts"],
      };
      await Deno.writeTextFile(join(project, "tsconfig.json"), JSON.stringify(config));
      const tsc = new Deno.Command("node", { args: [path, "-p", project], cwd: project });
      const { stdout, stderr } = await tsc.output();
      const decoder = new TextDecoder();
      faults[`${version} ${name}`] = decoder.decode(stdout) + decoder.decode(stderr);
    }
  }
  return faults;
}

async function run(program: string, args: string[], cwd: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args, cwd }).output();
  if (!success) throw new Error(`${program} failed: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

async function readFolder(folder: string): Promise<Record<string, string>> {
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  const texts = names.map(async (name) => [name, await Deno.readTextFile(join(folder, name))]);
  return Object.fromEntries(await Promise.all(texts));
}
