/** The code of the pages: TypeScript compiles as an app would compile it, and all of it runs. */
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";
import ts from "typescript";
import config from "../../deno.json" with { type: "json" };
import type { EdgeFunction } from "../../shared/http/handler.ts";
import { withValues } from "../../shared/settings.ts";
import { COMPILER_OPTIONS } from "../../tools/compiler_options.ts";
import { type Stack, startStack } from "../../tools/local/stack.ts";
import { createGiven, type Given, givenNames } from "./given.ts";
import { type Block, listBlocks } from "./pages.ts";

const ROOT = new URL("../../", import.meta.url);
/** Packages by the names that apps and tests use, and their sources. */
const PACKAGES: Record<string, string> = {
  "@std/assert": "tests/support/assert.ts",
  ...Object.fromEntries(
    Object.entries(config.exports)
      .map(([entry, path]) => [`${config.name}${entry.slice(1)}`, path]),
  ),
};
const SETTINGS: Record<string, string> = {
  PORT: "0",
  INSFORGE_PORT: "0",
  OPENROUTER_PORT: "0",
  CONNECT_RETURN_URLS: "https://app.example.com/settings",
};
const DEADLINE_MS = 60_000;

/** The README of the embedded services is about their sources, not about apps. */
const blocks = listBlocks("ts", "js").filter(({ page }) => !page.startsWith("tools/"));
console.log = () => {};

Deno.test("TypeScript in the pages has no type errors", () => {
  const checked = blocks.filter(({ language }) => language === "ts");
  assert(checked.length > 4, `only ${checked.length} blocks`);
  const modules = new Map(
    checked.map((block, i) => [`${fileURLToPath(ROOT)}.local/docs/${toFile(block, i)}`, block]),
  );
  const faults = checkTypes(new Map([...modules].map(([path, block]) => [path, toModule(block)])));
  assertEquals(faults.map(([path, message]) => `${toPlace(modules.get(path)!)}: ${message}`), []);
});

Deno.test("code in the pages runs against the local stack", async (t) => {
  assert(blocks.length > 8, `only ${blocks.length} blocks`);
  await using stack = await startStack({ get: (name) => SETTINGS[name] });
  const folder = await Deno.makeTempDir({ dir: await createLocalFolder(), prefix: "docs-" });
  try {
    for (const [i, block] of blocks.entries()) {
      await t.step(toPlace(block), async () => {
        const path = `${folder}/${toFile(block, i)}`;
        await Deno.mkdir(dirname(path), { recursive: true });
        await Deno.writeTextFile(path, toModule(block));
        const { default: run } = await import(new URL(path, ROOT).href);
        if (isFunction(block)) await callFunction(run, block, stack);
        else await runExample(run, block, stack);
      });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

async function runExample(
  run: (given: Given) => Promise<void>,
  { code }: Block,
  stack: Stack,
): Promise<void> {
  const given = await createGiven(stack, AbortSignal.timeout(DEADLINE_MS));
  // The client reads the URL of the page, which Deno does not have.
  if (!code.includes("location")) return await run(given);
  Object.defineProperty(globalThis, "location", { value: given.location, configurable: true });
  try {
    await run(given);
  } finally {
    Reflect.deleteProperty(globalThis, "location");
  }
}

/** Calls a function of an app with the body that its page sends, as the demo user. */
async function callFunction(run: EdgeFunction, block: Block, stack: Stack): Promise<void> {
  const { accessToken } = await createGiven(stack, AbortSignal.timeout(DEADLINE_MS));
  const [, slug] = /slug: "([\w-]+)"/.exec(block.code)!;
  const sent = listBlocks("sh").filter(({ page }) => page === block.page)
    .flatMap(({ code }) => [...code.matchAll(/\/([\w-]+)"? [\s\S]*?-d '(.*)'/g)])
    .find(([, target]) => target === slug);
  assert(sent, `${block.page} shows no request for ${slug}`);
  const response = await run(
    new Request(`http://functions.test/${slug}`, {
      method: "POST",
      headers: { Authorization: `Bearer ${accessToken}`, "Content-Type": "application/json" },
      body: sent[2],
      signal: AbortSignal.timeout(DEADLINE_MS),
    }),
    withValues({
      ...stack.insforge!.secrets,
      INSFORGE_BASE_URL: stack.insforgeUrl,
      OPENROUTER_BASE_URL: stack.openrouterUrl,
      OPENROUTER_API_KEY: "sk-or-v1-local",
    }, { get: () => undefined }),
  );
  const text = await response.text();
  assertEquals(response.status, 200, text);
}

/** Whether a block is a function to deploy. */
function isFunction({ code }: Block): boolean {
  return /^export default /m.test(code);
}

/** Where a block is written: at the path that its first line names, if it names one. */
function toFile({ code }: Block, i: number): string {
  const [, path = `block-${i}.ts`] = /^\/\/ ((?:functions|tests)\/\S+\.ts)\n/.exec(code) ?? [];
  return path;
}

/** A module made of a block: a function as it is, anything else as a function of what is given. */
function toModule(block: Block): string {
  const code = resolvePackages(block.code);
  if (isFunction(block)) return code;
  const imports = [...code.matchAll(/^import .*;\n/gm)].map(([line]) => line).join("");
  const body = code.replaceAll(/^import .*;\n/gm, "");
  if (body.includes("Deno.test(")) return `${imports}${COLLECT_TESTS}${body}`;
  const declared = new Set([...code.matchAll(/\b(?:const|let) (\w+) =/g)].map(([, name]) => name));
  const names = givenNames.filter((name) => !declared.has(name));
  const given = new URL("tests/docs/given.ts", ROOT).href;
  const parameter = block.language === "ts" ? ": Given" : ": any";
  return `${imports}import type { Given } from "${given}";\n` +
    `export default async function ({ ${names.join(", ")} }${parameter}) {\n${body}}\n`;
}

/** What stands before a block with tests of its own, so that they run as part of this test. */
const COLLECT_TESTS = `
const tests: (() => Promise<void>)[] = [];
const Deno = { test: (_title: string, run: () => Promise<void>) => tests.push(run) };
export default async () => {
  for (const run of tests) await run();
};
`;

function resolvePackages(code: string): string {
  return code.replaceAll(/ from "([^"]+)"/g, (text, name) => {
    const path = Object.hasOwn(PACKAGES, name)
      ? PACKAGES[name]
      : name.startsWith("./support/")
      ? `tests/${name.slice(2)}`
      : undefined;
    return path ? ` from "${new URL(path, ROOT).href}"` : text;
  });
}

/** What TypeScript says about these modules, by path. */
function checkTypes(modules: Map<string, string>): [path: string, message: string][] {
  const options: ts.CompilerOptions = {
    ...COMPILER_OPTIONS,
    noEmit: true,
    noUncheckedIndexedAccess: true,
    lib: [...COMPILER_OPTIONS.lib!, "lib.esnext.d.ts"],
  };
  const host = ts.createCompilerHost(options);
  const [readFile, fileExists] = [host.readFile, host.fileExists];
  // TypeScript takes no URLs.
  const toPaths = (text: string) =>
    text.replaceAll(/"(file:[^"]+)"/g, (_, url) => `"${fileURLToPath(url)}"`);
  host.readFile = (path) => modules.has(path) ? toPaths(modules.get(path)!) : readFile(path);
  host.directoryExists = undefined; // those of the modules do not exist
  host.fileExists = (path) => modules.has(path) || fileExists(path);
  host.getSourceFile = (path, target) => {
    const text = host.readFile(path);
    return text === undefined ? undefined : ts.createSourceFile(path, text, target);
  };
  const program = ts.createProgram([...modules.keys()], options, host);
  return [...modules.keys()].flatMap((path) =>
    [
      ...program.getSyntacticDiagnostics(program.getSourceFile(path)),
      ...program.getSemanticDiagnostics(program.getSourceFile(path)),
    ].map(({ messageText, file, start = 0 }): [string, string] => {
      const line = file?.text.slice(0, start).split("\n").at(-1) ?? "";
      return [
        path,
        `${ts.flattenDiagnosticMessageText(messageText, " ")} (after "${line.trim()}")`,
      ];
    })
  );
}

async function createLocalFolder(): Promise<string> {
  const folder = fileURLToPath(new URL(".local/", ROOT));
  await Deno.mkdir(folder, { recursive: true });
  return folder;
}

function toPlace({ page, line }: Block): string {
  return `${page}:${line}`;
}
