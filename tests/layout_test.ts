/** The rules of the layout (CONTRIBUTING.md, "Where things are"), checked in the source itself. */
import { assert, assertEquals } from "@std/assert";
import { settingNames } from "../shared/settings.ts";
import { listSlugs } from "../tools/functions.ts";

const ROOT = new URL("../", import.meta.url);

interface SourceFile {
  /** Path from the root, such as `shared/errors.ts`. */
  path: string;
  text: string;
  /** Its imports; relative ones are resolved to paths from the root. */
  imports: string[];
  /** Those that are evaluated when the module is: neither types nor an `import()`. */
  evaluated: string[];
}

const files = [...readFolder("functions"), ...readFolder("shared")];

Deno.test("functions and shared modules never contain the texts that InsForge misreads", () => {
  for (const { path, text } of files) {
    assert(!text.includes("module" + ".exports"), path);
    assert(!text.includes("Deno" + ".serve("), path);
  }
});

Deno.test("a function imports from its own folder, shared/ and packages only", () => {
  for (const { path, imports } of files.filter(({ path }) => path.startsWith("functions/"))) {
    const own = path.split("/").slice(0, 2).join("/") + "/";
    // A reference has the types of the tool that reads it; it is never deployed.
    const isReference = path === `${own}reference.ts`;
    for (const target of imports.filter(isOurs)) {
      const isTyped = isReference && target === "tools/reference/operation.ts";
      const isNear = target.startsWith(own) || target.startsWith("shared/");
      assert(isNear || isTyped, `${path} imports ${target}`);
      assert(!target.endsWith("/reference.ts"), `${path} imports ${target}`);
    }
  }
});

/** The folders of `shared/`, each after those that it may import from; the first is its root. */
const FOLDERS = [
  "",
  "http",
  "insforge",
  "auth",
  "request",
  "gateway",
  "policy",
  "assistants",
  "user_keys",
  "ledger",
  "openrouter",
  "videos",
];
/** The public entries of the library; they may import from every folder. */
const ENTRIES = ["shared/mod.ts", "shared/core.ts"];

Deno.test("a module of shared/ imports from its own folder and from folders before it only", () => {
  for (const { path, imports } of files.filter(({ path }) => path.startsWith("shared/"))) {
    for (const target of imports.filter(isOurs)) {
      assert(target.startsWith("shared/"), `${path} imports ${target}`);
      assert(toRank(target) <= toRank(path), `${path} imports ${target}`);
    }
  }
});

function toRank(path: string): number {
  if (ENTRIES.includes(path)) return FOLDERS.length;
  const folder = path.split("/").slice(1, -1).join("/");
  const rank = FOLDERS.indexOf(folder);
  assert(rank >= 0, `${path} is in a folder without a place in the order of shared/`);
  return rank;
}

Deno.test("the modules of shared/ import each other without a cycle", () => {
  const edges = new Map(
    files.filter(({ path }) => path.startsWith("shared/"))
      .map(({ path, imports }) => [path, imports.filter(isOurs)]),
  );
  const done = new Set<string>();
  const visit = (path: string, trail: string[]) => {
    assert(!trail.includes(path), `a cycle of imports: ${[...trail, path].join(" → ")}`);
    if (done.has(path)) return;
    for (const target of edges.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of edges.keys()) visit(path, []);
});

Deno.test("the OpenAI SDK, InsForge's SDK and the environment each have one importer", () => {
  for (const { path, text } of files) {
    const code = text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
    if (path !== "shared/openrouter/completions.ts") {
      assert(
        !/^import (?!type)[^;]*"openai|\bimport\("openai/m.test(code),
        `${path} imports openai`,
      );
    }
    if (path !== "shared/insforge/client.ts") assert(!code.includes("@insforge/sdk"), path);
    if (path !== "shared/settings.ts") assert(!/Deno\.env|process\.env/.test(code), path);
  }
});

Deno.test("a usual request to a model loads neither zod nor InsForge's SDK", () => {
  for (const slug of ["chat", "stream", "v1", "embeddings", "legacy-compat"]) {
    const loaded = new Set([`functions/${slug}/index.ts`]);
    for (const path of loaded) {
      if (isOurs(path)) readSource(path).evaluated.forEach((target) => loaded.add(target));
    }
    assert(loaded.has("shared/http/body.ts"));
    // The SDK is imported where a client is created.
    for (const late of ["zod/mini", "shared/insforge/rows.ts", "shared/insforge/storage.ts"]) {
      assert(!loaded.has(late), `${slug} loads ${late}`);
    }
  }
});

Deno.test("a function has no catch, because failures are translated at the edges", () => {
  for (const { path, text } of files.filter(({ path }) => /functions\/.*\/index\.ts/.test(path))) {
    assert(!/\bcatch\b\s*[({]|\.catch\(/.test(text), path);
  }
});

Deno.test("every function has a test file", () => {
  const tests = [...Deno.readDirSync(new URL("tests/", ROOT))].map(({ name }) => name);
  for (const slug of listSlugs()) {
    assert(tests.includes(`${slug}_test.ts`), `tests/${slug}_test.ts`);
  }
});

Deno.test("every shared module has a test file", () => {
  const tests = new Set(readFolder("tests/shared").map(({ path }) => path));
  const modules = files.map(({ path }) => path).filter((path) => path.startsWith("shared/"));
  const untested = modules.filter((path) =>
    !tests.has(`tests/${path.replace(/\.ts$/, "_test.ts")}`)
  );
  assertEquals(untested, []);
});

Deno.test("every exported symbol of shared/ has a docstring", () => {
  for (const { path, text } of files.filter(({ path }) => path.startsWith("shared/"))) {
    const bare = [...text.matchAll(/(?<!\*\/\n)^export (?!type \{|\{).*/gm)].map(([line]) => line);
    assertEquals(bare, [], path);
  }
});

Deno.test("the Docker image contains exactly the files that the server consists of", async () => {
  const docker = new URL("tools/docker/", ROOT);
  const steps = (await Deno.readTextFile(new URL("Dockerfile", docker))).split("\n");
  const copied = steps.filter((step) => step.startsWith("COPY "))
    .flatMap((step) => step.split(" ").slice(2, -1));
  const sent = (await Deno.readTextFile(new URL("Dockerfile.dockerignore", docker))).split("\n")
    .flatMap((line) => line.startsWith("!") ? [line.slice(1)] : []);
  assertEquals(sent.toSorted(), copied.toSorted());

  const needed = new Set([
    ...["tools/start.ts", "tools/task/packages.ts", "tools/packages/start/deno.lock"],
    ...listSlugs().map((slug) => `functions/${slug}/index.ts`),
  ]);
  for (const path of needed) {
    if (path.endsWith(".ts")) {
      readSource(path).imports.filter(isOurs).forEach((one) => needed.add(one));
    }
  }
  const missing = [...needed].filter((path) =>
    !copied.some((one) => path === one || path.startsWith(`${one}/`))
  );
  assertEquals(missing, []);
});

Deno.test("compose.yml passes every setting to the container", async () => {
  const compose = await Deno.readTextFile(new URL("tools/docker/compose.yml", ROOT));
  const passed = [...compose.matchAll(/^ {6}- ([A-Z_]+)(?:=|$)/gm)].map(([, name]) => name);
  // The image sets its own host and port.
  const needed = settingNames.filter((name) => !/^HOST$|PORT$/.test(name));
  assertEquals(passed.toSorted(), needed.toSorted());
});

Deno.test("no file has a name that says nothing", () => {
  for (const { path } of [...files, ...readFolder("tools")]) {
    assert(!/(^|[/_])(utils?|helpers?|common|misc|types|lib)([/_.]|$)/.test(path), path);
  }
});

function isOurs(target: string): boolean {
  return /^(functions|shared|tools|tests|client)\//.test(target);
}

function readFolder(folder: string): SourceFile[] {
  const found: SourceFile[] = [];
  for (const { name, isDirectory } of Deno.readDirSync(new URL(`${folder}/`, ROOT))) {
    const path = `${folder}/${name}`;
    if (isDirectory) found.push(...readFolder(path));
    else if (name.endsWith(".ts")) found.push(readSource(path));
  }
  return found;
}

function readSource(path: string): SourceFile {
  const text = Deno.readTextFileSync(new URL(path, ROOT));
  const base = new URL(path, ROOT);
  const find = (pattern: RegExp) =>
    [...text.matchAll(pattern)].map(([, name = ""]) =>
      name.startsWith(".") ? new URL(name, base).href.slice(ROOT.href.length) : name
    );
  return {
    path,
    text,
    imports: find(/(?:\bfrom|\bimport\()\s*"([^"]+)"/g),
    evaluated: find(/^(?:import|export) (?!type\b)[^;"]*\bfrom\s*"([^"]+)"/gm),
  };
}
