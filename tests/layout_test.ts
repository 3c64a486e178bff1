/** The layout's rules (CONTRIBUTING.md, "Where things are"), asked of the source itself. */
import { assert, assertEquals } from "@std/assert";
import { settingNames } from "../shared/settings.ts";
import { listSlugs } from "../tools/functions.ts";

const ROOT = new URL("../", import.meta.url);

interface SourceFile {
  /** Path from the root, such as `shared/app.ts`. */
  path: string;
  text: string;
  /** What it imports, relative ones resolved to paths from the root. */
  imports: string[];
}

const files = [...readFolder("functions"), ...readFolder("shared")];

Deno.test("functions and shared modules never hold the texts that InsForge misreads", () => {
  for (const { path, text } of files) {
    assert(!text.includes("module" + ".exports"), path);
    assert(!text.includes("Deno" + ".serve("), path);
  }
});

Deno.test("a function imports its own folder, shared/ and packages, nothing else", () => {
  for (const { path, imports } of files.filter(({ path }) => path.startsWith("functions/"))) {
    const own = path.split("/").slice(0, 2).join("/") + "/";
    // What the reference says of a function is typed by the tool that reads it, and never deployed.
    const isReference = path === `${own}reference.ts`;
    for (const target of imports.filter(isOurs)) {
      const isTyped = isReference && target === "tools/reference/operation.ts";
      const isNear = target.startsWith(own) || target.startsWith("shared/");
      assert(isNear || isTyped, `${path} imports ${target}`);
      assert(!target.endsWith("/reference.ts"), `${path} imports ${target}`);
    }
  }
});

Deno.test("shared/ imports nothing of ours but shared/, and in no circle", () => {
  const shared = files.filter(({ path }) => path.startsWith("shared/"));
  const edges = new Map(shared.map(({ path, imports }) => [path, imports.filter(isOurs)]));
  for (const [path, targets] of edges) {
    for (const target of targets) assert(edges.has(target), `${path} imports ${target}`);
  }
  const visit = (path: string, trail: string[]) => {
    assert(!trail.includes(path), `a circle of imports: ${[...trail, path].join(" → ")}`);
    for (const target of edges.get(path)!) visit(target, [...trail, path]);
  };
  for (const path of edges.keys()) visit(path, []);
});

Deno.test("the OpenAI SDK, InsForge's SDK and the environment have one place each", () => {
  for (const { path, text } of files) {
    const code = text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
    if (path !== "shared/openrouter/typed_calls.ts") {
      assert(
        !/^import (?!type)[^;]*"openai|\bimport\("openai/m.test(code),
        `${path} imports openai`,
      );
    }
    if (path !== "shared/insforge/insforge.ts") assert(!code.includes("@insforge/sdk"), path);
    if (path !== "shared/settings.ts") assert(!/Deno\.env|process\.env/.test(code), path);
  }
});

Deno.test("a function holds no catch: failures are translated at the edges", () => {
  for (const { path, text } of files.filter(({ path }) => /functions\/.*\/index\.ts/.test(path))) {
    assert(!/\bcatch\b\s*[({]|\.catch\(/.test(text), path);
  }
});

Deno.test("every function has a test file, a reference and a section in docs/api.md", async () => {
  const page = await Deno.readTextFile(new URL("docs/api.md", ROOT));
  const tests = [...Deno.readDirSync(new URL("tests/", ROOT))].map(({ name }) => name);
  for (const slug of listSlugs()) {
    assert(tests.includes(`${slug}_test.ts`), `tests/${slug}_test.ts`);
    assert(files.some(({ path }) => path === `functions/${slug}/reference.ts`), slug);
    assert(page.includes(`\n## ${slug}\n`), `"## ${slug}" in docs/api.md`);
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

Deno.test("every exported symbol of shared/ says what it is", () => {
  for (const { path, text } of files.filter(({ path }) => path.startsWith("shared/"))) {
    const bare = [...text.matchAll(/(?<!\*\/\n)^export (?!type \{|\{).*/gm)].map(([line]) => line);
    assertEquals(bare, [], path);
  }
});

Deno.test("the image gets every file that the server is made of, and nothing else", async () => {
  const docker = new URL("tools/docker/", ROOT);
  const steps = (await Deno.readTextFile(new URL("Dockerfile", docker))).split("\n");
  const copied = steps.filter((step) => step.startsWith("COPY "))
    .flatMap((step) => step.split(" ").slice(2, -1));
  const sent = (await Deno.readTextFile(new URL("Dockerfile.dockerignore", docker))).split("\n")
    .flatMap((line) => line.startsWith("!") ? [line.slice(1)] : []);
  assertEquals(sent.toSorted(), copied.toSorted());

  const needed = new Set([
    "tools/start.ts",
    ...listSlugs().map((slug) => `functions/${slug}/index.ts`),
  ]);
  for (const path of needed) {
    readSource(path).imports.filter(isOurs).forEach((one) => needed.add(one));
  }
  const missing = [...needed].filter((path) =>
    !copied.some((one) => path === one || path.startsWith(`${one}/`))
  );
  assertEquals(missing, []);
});

Deno.test("the container gets every setting", async () => {
  const compose = await Deno.readTextFile(new URL("tools/docker/compose.yml", ROOT));
  const passed = [...compose.matchAll(/^ {6}- ([A-Z_]+)(?:=|$)/gm)].map(([, name]) => name);
  // Where to listen the image knows itself.
  const needed = settingNames.filter((name) => !/^HOST$|PORT$/.test(name));
  assertEquals(passed.toSorted(), needed.toSorted());
});

Deno.test("no file is named for what it is not about", () => {
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
  const specifiers = [...text.matchAll(/(?:\bfrom|\bimport\()\s*"([^"]+)"/g)].map(([, name]) =>
    name
  );
  const base = new URL(path, ROOT);
  const imports = specifiers.map((specifier) =>
    specifier.startsWith(".") ? new URL(specifier, base).href.slice(ROOT.href.length) : specifier
  );
  return { path, text, imports };
}
