/**
 * `deno task doc-lint`: checks the docstrings of `shared/` and `client/` with `deno doc --lint`.
 *
 * It leaves out two kinds of problems. `deno doc` takes every type of a package for a private one, and
 * reports each exported symbol that refers to it. It also wants the type of a zod schema written out,
 * which is what the schema itself states.
 */
import { join } from "node:path";

const FOLDERS = ["shared", "client"];
/** The modules of the playground page are not a library, and `zod.ts` exports a package. */
const EXCLUDED = /^client\/playground\/|^shared\/zod\.ts$/;

const paths = FOLDERS.flatMap(listModules).filter((path) => !EXCLUDED.test(path));
const { stderr } = await new Deno.Command(Deno.execPath(), {
  args: ["doc", "--lint", ...paths],
  env: { NO_COLOR: "1" },
  stdin: "null",
}).output();
const output = new TextDecoder().decode(stderr);
const problems = output.split(/^(?=error\[)/m)
  .filter((text) => text.startsWith("error[") && !isAboutPackageType(text) && !isAboutSchema(text))
  .map((text) => text.replace(/^(error: Found|Stack backtrace:)[\s\S]*/m, "").trim());

if (problems.length > 0) {
  console.error(problems.join("\n\n"));
  console.error(`\n${problems.length} docstrings must be changed`);
  Deno.exit(1);
}
// A crash of `deno doc` must not pass for a success.
if (output !== "" && !/Found \d+ documentation lint|Checked \d+ files/.test(output)) {
  console.error(output);
  Deno.exit(1);
}
console.log(`${paths.length} modules checked`);

function listModules(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    return isDirectory ? listModules(path) : name.endsWith(".ts") ? [path] : [];
  }).sort();
}

/** Whether a problem is a reference to a type that the module imports from a package. */
function isAboutPackageType(problem: string): boolean {
  const [, type] = /references private type '([^']+)'/.exec(problem) ?? [];
  const [, file] = /--> (\S+?):\d+:\d+/.exec(problem) ?? [];
  if (!type || !file) return false;
  const source = Deno.readTextFileSync(join("/", file));
  const imports = source.matchAll(/^import\s([^;]+?)\sfrom\s"([^"]+)"/gm);
  for (const [, names = "", specifier = ""] of imports) {
    const isPackage = !specifier.startsWith(".");
    const words: string[] = names.match(/[\w$]+/g) ?? [];
    if (isPackage && (words.includes(type) || hasNamespace(names, source, type))) return true;
  }
  return false;
}

/** Whether a problem is the type of a zod schema. */
function isAboutSchema(problem: string): boolean {
  return problem.startsWith("error[missing-explicit-type]") && /= z\.|\.check\(/.test(problem);
}

/** Whether a module uses the type through a namespace import, as in `z.core.$ZodType`. */
function hasNamespace(names: string, source: string, type: string): boolean {
  const [, namespace] = /\*\s+as\s+(\w+)/.exec(names) ?? [];
  return namespace !== undefined && source.includes(`${namespace}.`) && source.includes(`.${type}`);
}
