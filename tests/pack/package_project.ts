/**
 * Installs the package in an empty project, compiles uses of it there with two versions of
 * TypeScript, and runs the client on Node and the functions on Deno. A program of its own, because only it needs npm, Node and the
 * bundler; the test that starts it needs only Deno.
 *
 * Arguments: the functions' URL and a token. Output: a {@link PackageReport} as JSON.
 */
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import ts from "typescript";
import { listEntries } from "../../tools/pack/entries.ts";
import { bundleClient } from "../../tools/pack/scripts.ts";

/** What the program found out. */
export interface PackageReport {
  /** Bytes of the client, minified and gzipped. */
  clientBytes: number;
  /** The files that the client consists of. */
  clientInputs: string[];
  tarballBytes: number;
  /** The installed `package.json`. */
  manifest: Record<string, unknown>;
  /** The installed modules and declarations by path, with their text. */
  modules: Record<string, string>;
  /** What modules and declarations import from other packages, as `<path>: <package>`. */
  imports: string[];
  /** What the library and a function answered on Deno. */
  deno: { chat: string; valid: unknown; invalid: string };
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
const entries = listEntries();
/** The specifiers of the entries, by their sources. */
const SPECIFIERS = new Map(
  entries.map(({ name, source }) => [source, `insforge-ai-functions${name.slice(1)}`]),
);
/** Uses of the entries, which are compiled in the project. */
const USES = ["tests/client/type_uses.ts", "tests/pack/library_uses.ts"];
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

/** The schema is one of the package's copy of zod, and the library has another copy. */
const FUNCTIONS = `
import { withAi } from "insforge-ai-functions";
import chat from "insforge-ai-functions/chat";
import * as z from "insforge-ai-functions/zod";

const print = console.log;
console.log = () => {}; // the functions write log lines
const body = z.object({ limit: z.optional(z.int().check(z.minimum(1))) });
const own = withAi({ slug: "own", auth: "api-key", body }, ({ body }) => Response.json(body));
const environment = { get: (name: string) => name === "API_KEY" ? "ik_test" : undefined };
async function call(slug: string, handler: typeof chat, body: unknown) {
  const request = new Request(\`http://functions.test/\${slug}\`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: "Bearer ik_test" },
    body: JSON.stringify(body),
  });
  return await (await handler(request, environment)).json();
}
print(JSON.stringify({
  chat: (await call("chat", chat, { prompt: "Hello" })).error,
  valid: await call("own", own, { limit: null, further: true }),
  invalid: (await call("own", own, { limit: 0 })).message,
}));
`;

const [tarball = "", functionsUrl = "", token = ""] = Deno.args;
await Deno.mkdir(LOCAL, { recursive: true });
const project = await Deno.makeTempDir({ dir: LOCAL, prefix: "package-" });
try {
  console.log(JSON.stringify(await examine(project)));
} finally {
  await Deno.remove(project, { recursive: true });
}

async function examine(project: string): Promise<PackageReport> {
  await Deno.writeTextFile(join(project, "package.json"), '{"private":true,"type":"module"}');
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", tarball], project);

  const installed = join(project, "node_modules/insforge-ai-functions");

  await Deno.writeTextFile(join(project, "use.ts"), USE);
  for (const path of USES) {
    const uses = await Deno.readTextFile(new URL(`../../${path}`, import.meta.url));
    await Deno.writeTextFile(
      join(project, basename(path)),
      uses.replaceAll(/"\.\.\/\.\.\/([^"]+\.ts)"/g, (_, source) => `"${SPECIFIERS.get(source)}"`),
    );
  }
  const language = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
  const { outputText } = ts.transpileModule(USE, { compilerOptions: language });
  await Deno.writeTextFile(join(project, "use.js"), outputText);
  const modules = await readModules(join(installed, "esm"));
  const { code, inputs } = await bundleClient("client/mod.ts", { minify: true });
  return {
    clientBytes: gzipSync(code).length,
    clientInputs: inputs,
    tarballBytes: (await Deno.stat(tarball)).size,
    manifest: JSON.parse(await Deno.readTextFile(join(installed, "package.json"))),
    modules,
    imports: Object.entries(modules).flatMap(([path, text]) =>
      ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName)
        .filter((name) => !name.startsWith(".")).map((name) => `${path}: ${name}`)
    ),
    faults: await compile(project),
    node: JSON.parse(await run("node", ["use.js", functionsUrl, token], project)),
    deno: await runFunctions(project),
  };
}

/** Calls functions of the package with Deno, in a project that has no other package. */
async function runFunctions(project: string): Promise<PackageReport["deno"]> {
  await Deno.writeTextFile(join(project, "deno.json"), '{"nodeModulesDir":"manual"}');
  await Deno.writeTextFile(join(project, "functions.ts"), FUNCTIONS);
  const args = ["run", "--quiet", "--no-prompt", "--cached-only", "functions.ts"];
  return JSON.parse(await run(Deno.execPath(), args, project));
}

/** Compiles the project with every compiler and module resolution. */
async function compile(project: string): Promise<Record<string, string>> {
  const faults: Record<string, string> = {};
  for (const [version, compiler] of Object.entries(COMPILERS)) {
    const path = fileURLToPath(import.meta.resolve(compiler)).replace("package.json", "bin/tsc");
    for (const [name, resolution] of Object.entries(RESOLUTIONS)) {
      const config = {
        compilerOptions: { ...COMPILER_OPTIONS, ...resolution },
        files: ["use.ts", ...USES.map((path) => basename(path))],
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

async function readModules(folder: string): Promise<Record<string, string>> {
  const modules: Record<string, string> = {};
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) {
      for (const [path, text] of Object.entries(await readModules(join(folder, name)))) {
        modules[`${name}/${path}`] = text;
      }
    } else modules[name] = await Deno.readTextFile(join(folder, name));
  }
  return modules;
}
