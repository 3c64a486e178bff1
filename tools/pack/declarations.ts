/** The client's declarations, as they are published. */
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { COMPILER_OPTIONS } from "../compiler_options.ts";
import { describeTypes } from "./type_printer.ts";

const CLIENT = fileURLToPath(new URL("../../client/", import.meta.url));
const ENTRY = `${CLIENT}mod.ts`;
const CONTRACT = `${CLIENT}contract.ts`;

const OPTIONS: ts.CompilerOptions = {
  ...COMPILER_OPTIONS,
  declaration: true,
  emitDeclarationOnly: true,
};

const MODULE_NOT_FOUND = 2307;

/**
 * Writes out what the client's modules declare.
 *
 * All but one are what TypeScript makes of them. That one names types of the functions, and is
 * replaced by these types themselves, so that nothing it needs stays behind in this repository.
 *
 * @returns the texts by file name, such as `mod.d.ts`.
 * @throws {Error} when a module is missing: types that lean on it would be `any`, without a word.
 */
export function createDeclarations(): Map<string, string> {
  const program = ts.createProgram([ENTRY], OPTIONS);
  const missing = program.getSemanticDiagnostics().find(({ code }) => code === MODULE_NOT_FOUND);
  if (missing) throw new Error(ts.flattenDiagnosticMessageText(missing.messageText, " "));
  const checker = program.getTypeChecker();
  const declarations = new Map<string, string>();
  for (const source of program.getSourceFiles()) {
    if (!source.fileName.startsWith(CLIENT)) continue;
    const name = basename(source.fileName).replace(/\.ts$/, ".d.ts");
    if (source.fileName === CONTRACT) {
      declarations.set(name, describeTypes(source, checker));
    } else {
      const write = (_: string, text: string) => declarations.set(name, toPublished(text));
      program.emit(source, write, undefined, true);
    }
  }
  return declarations;
}

/** The published modules end in `.js`, declared or not. */
function toPublished(text: string): string {
  return text.replaceAll(/(from\s+"\.\/[^"]+)\.ts"/g, '$1.js"');
}
