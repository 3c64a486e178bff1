/** What `deno task build` writes and what it rejects. */
import {
  assert,
  assertEquals,
  assertFalse,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import ts from "typescript";
import { writeArtefacts } from "../tools/build/artefacts.ts";
import type { Artefact } from "../tools/build/bundle.ts";
import { pinPackage } from "../tools/build/packages.ts";
import { findRedeclarations } from "../tools/build/redeclaration_gate.ts";
import { findTextFaults } from "../tools/build/text_gates.ts";
import { loadFunctions } from "../tools/functions.ts";

const ROOT = new URL("../", import.meta.url);
const FOLDER = `.local/build-${crypto.randomUUID()}`;
const CANARY = "sk-or-v1-canary-0123456789abcdef";

/** The most that one artefact may have, in KB; 184 at the time of writing, and 207 for `v1`. */
const MAX_KB = 190;
/** `v1` speaks five APIs (docs/decisions.md, "One artefact for all of v1"). */
const MAX_V1_KB = 210;

/** A package in one exact version, and perhaps a path in it. */
const PINNED = /^npm:((?:@[\w-]+\/)?[\w-]+@\d+\.\d+\.\d+)(\/[\w./-]+)?$/;
const WORKER_PARAMETERS = ["exports", "module", "createClient", "Deno", "encodeBase64"];

console.log = () => {};

const MODULE = "// @ts-nocheck\nexport default () => new Response();\n";
const SCRIPT = "module.exports = (() => () => new Response())();\n";

Deno.test("writes a module and a script for every slug and alias", async () => {
  const slugs = [...(await loadFunctions()).keys()].sort();
  const { lock, output } = await build();
  try {
    for (const slug of slugs) {
      const maxKb = slug === "v1" ? MAX_V1_KB : MAX_KB;
      const module = await read(`cloud/${slug}.ts`);
      assert(module.startsWith("// @ts-nocheck\n"), slug);
      assertFalse(module.includes("module.exports"), slug);
      assertFalse(module.includes("Deno.serve("), slug);
      assert(module.length <= maxKb * 1024, `${slug} has ${module.length} bytes`);
      assertEvaluatesLate(module);
      const imports = [...module.matchAll(/(?:\bfrom|\bimport\()"([^"]+)"/g)].map(([, it]) => it);
      for (const target of imports) {
        assertEquals(pinPackage("@insforge/sdk"), target);
        const [, pinned] = PINNED.exec(target!) ?? [];
        assert(lock.some((key) => key === pinned || key.startsWith(`${pinned}_`)), target);
      }

      const script = await read(`self-hosted/${slug}.js`);
      assertFalse(script.includes("Deno.serve("), slug);
      assertFalse(/\bimport\s*[("{*]/.test(script), `${slug} imports something`);
      assert(script.length <= maxKb * 1024, `${slug} has ${script.length} bytes`);
      const preflight = new Request(`http://worker.test/${slug}`, { method: "OPTIONS" });
      assertEquals((await load(script)(preflight)).status, 204, slug);

      const size = (text: string) => (new TextEncoder().encode(text).length / 1024).toFixed(1);
      assertMatch(output, new RegExp(`^${slug} +${size(module)} +${size(script)}$`, "m"));
      for (const text of [module, script]) assertFalse(text.includes(CANARY), slug);
    }
    assertEquals(output.trim().split("\n").length, slugs.length + 2);
    assert(output.trim().endsWith(`Written to ${FOLDER}`), output);
    for (const [platform, ending] of [["cloud", "ts"], ["self-hosted", "js"]]) {
      const names = [...Deno.readDirSync(`${FOLDER}/${platform}`)].map(({ name }) => name).sort();
      assertEquals(names, slugs.map((slug) => `${slug}.${ending}`).sort());
    }
  } finally {
    await Deno.remove(FOLDER, { recursive: true });
  }
});

Deno.test("pins packages to their locked versions, with their paths", () => {
  assertMatch(pinPackage("hono/tiny"), /^npm:hono@\d+\.\d+\.\d+\/tiny$/);
  assertMatch(pinPackage("zod/mini"), /^npm:zod@\d+\.\d+\.\d+\/mini$/);
  assertMatch(pinPackage("@insforge/sdk"), /^npm:@insforge\/sdk@\d+\.\d+\.\d+$/);
});

Deno.test("rejects an import that is not a locked npm package", () => {
  for (const specifier of ["left-pad", "node:path", "@std/assert", "honor"]) {
    assertThrows(() => pinPackage(specifier), Error, `"${specifier}" is not an npm package`);
  }
});

Deno.test("finds the redeclarations and syntax errors that InsForge cloud rejects", () => {
  const codes = (code: string) => findRedeclarations(code).map((fault) => fault.split(" ")[0]);
  assertEquals(codes("const a = 1;\nconst a = 2;"), ["TS2451", "TS2451"]);
  assertEquals(codes('var a = 1;\nvar a = "x";'), ["TS2403"]);
  assertEquals(codes("class A {}\ntype A = 1;"), ["TS2300", "TS2300"]);
  const conflict = "namespace N { export const a = 1 }\nimport a = N.a;\nconst a = 2;";
  assertEquals(codes(conflict), ["TS2440"]);
  assertEquals(codes("const a: string = 1; a.b.c; unknown();"), []);
  assertEquals(codes("const = 1;").length > 0, true);
  // The first line disables the check for redeclarations, not for syntax.
  assertEquals(codes("// @ts-nocheck\nconst a = 1;\nconst a = 2;"), []);
  assertMatch(findRedeclarations("// @ts-nocheck\n\nconst = 1;")[0]!, /^TS1\d{3} in line 3: /);
});

Deno.test("finds every text that InsForge rejects or misreads", () => {
  const cases: [Partial<Artefact>, RegExp][] = [
    [{ slug: "a b" }, /slug "a b" must be/],
    [{ slug: "Health" }, /slug "Health" is reserved/],
    [{ code: MODULE + "// Deno.serve(handler)" }, /Deno\.serve\(/],
    [{ code: MODULE + 'const text = "module.exports";' }, /module\.exports/],
    [{ code: "\n" + MODULE }, /first line/],
    [{ code: MODULE + "const = 1" }, /TS1\d{3} in line 3/],
    [{ platform: "self-hosted", code: SCRIPT + '"Deno.serve("' }, /Deno\.serve\(/],
    [{ platform: "self-hosted", code: MODULE }, /does not load: Unexpected token 'export'/],
    [{ platform: "self-hosted", code: 'import "x"' }, /does not load: Cannot use import/],
    [{ platform: "self-hosted", code: "const createClient = 1;" }, /already been declared/],
    [{ platform: "self-hosted", code: "exports.default = () => {}" }, /exports no function/],
    [{ platform: "self-hosted", code: SCRIPT + 'Deno.env.get("A")' }, /reads a setting/],
  ];
  for (const [change, reason] of cases) {
    const artefact: Artefact = { platform: "cloud", slug: "chat", code: MODULE, ...change };
    const faults = findTextFaults(artefact);
    assertEquals(faults.length > 0, true, String(reason));
    assertMatch(faults.join("\n"), reason);
  }
  for (const [platform, code] of [["cloud", MODULE], ["self-hosted", SCRIPT]] as const) {
    assertEquals(findTextFaults({ platform, slug: "a-b_C1", code }), []);
  }
});

Deno.test("writes nothing when one file is bad", async () => {
  const good: Artefact[] = [
    { platform: "cloud", slug: "chat", code: MODULE },
    { platform: "self-hosted", slug: "chat", code: SCRIPT },
  ];
  const cases: [Artefact, string][] = [
    [{ platform: "cloud", slug: "bad", code: MODULE + "const = 1" }, "cloud/bad.ts: TS1"],
    [{ platform: "cloud", slug: "a-b", code: MODULE }, 'slug "a_b" differs from another only by'],
    [
      {
        platform: "cloud",
        slug: "bad",
        code: "// @ts-nocheck\nexport default () => Deno.connect({ port: 9 });\n",
      },
      "the project does not start: error: Uncaught (in promise) NotCapable: Requires net access",
    ],
    [
      {
        platform: "cloud",
        slug: "bad",
        code: "// @ts-nocheck\nexport default () => new Response(null, { status: 500 });\n",
      },
      "bad responds with 500",
    ],
    [
      {
        platform: "cloud",
        slug: "bad",
        code: '// @ts-nocheck\nimport "./nowhere.ts";\nexport default 1;',
      },
      "deno check fails",
    ],
    [
      { platform: "cloud", slug: "bad", code: `${MODULE}Deno.env.get("OPENROUTER_API_KEY");` },
      "the project does not start: error: Uncaught (in promise) NotCapable: Requires env access",
    ],
  ];
  for (const [bad, reason] of cases) {
    const twin = { ...bad, slug: "a_b" };
    const artefacts = [...good, bad, ...(bad.slug === "a-b" ? [twin] : [])];
    await assertRejects(() => writeArtefacts(artefacts, FOLDER), Error, reason);
    assertThrows(() => Deno.statSync(FOLDER), Deno.errors.NotFound);
  }
});

/** Runs the task as a developer does, with a key in the environment that must not be written. */
async function build(): Promise<{ output: string; lock: string[] }> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "build", FOLDER],
    env: { OPENROUTER_API_KEY: CANARY, NO_COLOR: "1" },
  }).output();
  const [output, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert(success, errors);
  assertFalse((output! + errors!).includes(CANARY));
  const lock = JSON.parse(await Deno.readTextFile(new URL("deno.lock", ROOT)));
  return { output: output!, lock: Object.keys(lock.npm) };
}

function read(path: string): Promise<string> {
  return Deno.readTextFile(`${FOLDER}/${path}`);
}

/**
 * Checks that the import of a module evaluates nothing: it declares a variable and two functions. The
 * code must stand in a `function`, because V8 parses all of an arrow function at once.
 */
function assertEvaluatesLate(code: string): void {
  const { statements } = ts.createSourceFile("module.ts", code, ts.ScriptTarget.ESNext);
  const [variable, start, handler] = statements;
  assertEquals(statements.length, 3);
  assert(ts.isVariableStatement(variable!));
  assertEquals(variable.declarationList.declarations.map(({ initializer }) => initializer), [
    undefined,
  ]);
  assert(ts.isFunctionDeclaration(start!));
  assert(ts.isExportAssignment(handler!) && ts.isArrowFunction(handler.expression));
}

/** Loads a script as the worker does. */
function load(script: string): (request: Request) => Promise<Response> {
  const module = { exports: undefined as unknown };
  const Deno = { env: { get: () => undefined } };
  new Function(...WORKER_PARAMETERS, script)({}, module, undefined, Deno, undefined);
  return module.exports as (request: Request) => Promise<Response>;
}
