/** Creates the type declarations of the client. */
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { COMPILER_OPTIONS } from "../compiler_options.ts";
import { printTypes } from "./type_printer.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const CLIENT = `${ROOT}client/`;
const CONTRACT = `${CLIENT}contract.ts`;

const OPTIONS: ts.CompilerOptions = {
  ...COMPILER_OPTIONS,
  declaration: true,
  emitDeclarationOnly: true,
};

const MODULE_NOT_FOUND = 2307;

/**
 * Creates a declaration file for each module of the client.
 *
 * TypeScript emits all but one of them. `contract.ts` re-exports types of the functions, so its
 * declarations are these types written out in full: the package needs no file of this repository.
 *
 * @param sources the modules that apps import, from the root, such as `client/mod.ts`.
 * @returns the texts by their paths in the package, such as `esm/client/mod.d.ts`.
 * @throws {Error} when an imported module is missing: its types would silently become `any`.
 */
export function createClientDeclarations(sources: string[]): Map<string, string> {
  const program = ts.createProgram(sources.map((source) => `${ROOT}${source}`), OPTIONS);
  const missing = program.getSemanticDiagnostics().find(({ code }) => code === MODULE_NOT_FOUND);
  if (missing) throw new Error(ts.flattenDiagnosticMessageText(missing.messageText, " "));
  const checker = program.getTypeChecker();
  const declarations = new Map<string, string>();
  for (const source of program.getSourceFiles()) {
    if (!source.fileName.startsWith(CLIENT)) continue;
    const name = `esm/${source.fileName.slice(ROOT.length).replace(/\.ts$/, ".d.ts")}`;
    if (source.fileName === CONTRACT) {
      declarations.set(name, printTypes(source, checker));
    } else {
      const write = (_: string, text: string) => declarations.set(name, toPublished(text));
      program.emit(source, write, undefined, true);
    }
  }
  return declarations;
}

/** Imports between published modules end in `.js`. */
function toPublished(text: string): string {
  return text.replaceAll(/(from\s+"\.\/[^"]+)\.ts"/g, '$1.js"');
}
