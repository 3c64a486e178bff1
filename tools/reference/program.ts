/** The functions' sources as TypeScript reads them: types, and docstrings of fields. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { COMPILER_OPTIONS } from "../compiler_options.ts";
import { listSlugs } from "../functions.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const OPTIONS: ts.CompilerOptions = { ...COMPILER_OPTIONS, noEmit: true };

/** A file beside the packages of this process, which need not be those of the main configuration. */
const BESIDE_PACKAGES = `${
  fileURLToPath(import.meta.resolve("typescript")).split(/[\\/]node_modules[\\/]/)[0]
}/module.ts`;

/** The parsed sources. */
export interface Sources {
  program: ts.Program;
  checker: ts.TypeChecker;
}

/** Parses the functions and all their imports, in about a second. */
export function readSources(): Sources {
  const roots = listSlugs().flatMap((slug) => [toPath(slug, "index"), toReferencePath(slug)])
    .filter((path) => existsSync(path));
  const program = ts.createProgram(roots, OPTIONS, createHost());
  return { program, checker: program.getTypeChecker() };
}

/** A host that finds the packages of our sources where this process has them. */
function createHost(): ts.CompilerHost {
  const host = ts.createCompilerHost(OPTIONS);
  const isPackage = (name: string) => !name.startsWith(".");
  host.resolveModuleNameLiterals = (literals, path, _, options) =>
    literals.map(({ text }) => {
      const from = isPackage(text) && isOurPath(path) ? BESIDE_PACKAGES : path;
      return ts.resolveModuleName(text, from, options, host);
    });
  return host;
}

/**
 * Finds the declaration of an exported type by its name.
 *
 * @throws {Error} when no type has that name, or more than one.
 */
export function findDeclaration({ program }: Sources, name: string): ts.Node {
  const found = program.getSourceFiles().filter(isOurs).flatMap((file) =>
    file.statements.filter((node) =>
      (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) &&
      node.name.text === name &&
      node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
    )
  );
  const [declaration, ...others] = found;
  if (declaration && others.length === 0) return declaration;
  throw new Error(`"${name}" must be one exported type of functions/ or shared/`);
}

/**
 * The type that an operation's schema accepts, found by its path in the function's `reference.ts`.
 */
export function findSchemaType(
  { program, checker }: Sources,
  slug: string,
  path: string[],
): ts.Type | undefined {
  const file = program.getSourceFile(toReferencePath(slug))!;
  const [exported] = checker.getExportsOfModule(checker.getSymbolAtLocation(file)!);
  const schema = exported && findField(checker, checker.getTypeOfSymbol(exported), path);
  return schema && (findField(checker, schema, ["_zod", "output"]) ??
    findField(checker, schema, ["_output"]));
}

function findField(checker: ts.TypeChecker, type: ts.Type, path: string[]): ts.Type | undefined {
  return path.reduce<ts.Type | undefined>((at, name) => {
    const field = at && checker.getPropertyOfType(at, name);
    return field && checker.getTypeOfSymbol(field);
  }, type);
}

function isOurs({ fileName }: ts.SourceFile): boolean {
  return isOurPath(fileName);
}

function isOurPath(path: string): boolean {
  return path.startsWith(`${ROOT}functions/`) || path.startsWith(`${ROOT}shared/`);
}

/** Returns the path of a function's `reference.ts`, which may be missing. */
export function toReferencePath(slug: string): string {
  return toPath(slug, "reference");
}

function toPath(slug: string, module: string): string {
  return `${ROOT}functions/${slug}/${module}.ts`;
}
