/** Creates the type declarations of the client for its npm package. */
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { COMPILER_OPTIONS } from "../compiler_options.ts";
import { printTypes } from "./type_printer.ts";

const CLIENT = fileURLToPath(new URL("../../client/", import.meta.url));
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
 * @param entries the modules of the package that apps import, such as `mod`.
 * @returns the texts by file name, such as `mod.d.ts`.
 * @throws {Error} when an imported module is missing: its types would silently become `any`.
 */
export function createDeclarations(entries: string[]): Map<string, string> {
  const program = ts.createProgram(entries.map((name) => `${CLIENT}${name}.ts`), OPTIONS);
  const missing = program.getSemanticDiagnostics().find(({ code }) => code === MODULE_NOT_FOUND);
  if (missing) throw new Error(ts.flattenDiagnosticMessageText(missing.messageText, " "));
  const checker = program.getTypeChecker();
  const declarations = new Map<string, string>();
  for (const source of program.getSourceFiles()) {
    if (!source.fileName.startsWith(CLIENT)) continue;
    const name = basename(source.fileName).replace(/\.ts$/, ".d.ts");
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
