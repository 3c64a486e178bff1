/** InsForge cloud's first check of a function: TypeScript's parser and binder, without types. */
import ts from "typescript";

/** Duplicate identifier, second `var` of another type, import conflict, redeclared block scope. */
const REDECLARATION_CODES = new Set([2300, 2403, 2440, 2451]);

const FILE = "func.ts";
const OPTIONS: ts.CompilerOptions = {
  noEmit: true,
  noLib: true,
  noResolve: true,
  skipLibCheck: true,
  target: ts.ScriptTarget.ESNext,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  types: [],
};

/**
 * Finds what makes the platform reject a function before it checks any type. A first line
 * `// @ts-nocheck` disables the check for redeclarations, as it does there.
 *
 * @param code the text of the function, as it is uploaded.
 * @returns one sentence for each syntax error and each name that is declared twice, with its line.
 */
export function findRedeclarations(code: string): string[] {
  const source = ts.createSourceFile(FILE, code, ts.ScriptTarget.ESNext, true, ts.ScriptKind.TS);
  const program = ts.createProgram([FILE], OPTIONS, {
    getSourceFile: (name) => name === FILE ? source : undefined,
    writeFile: () => {},
    fileExists: (name) => name === FILE,
    readFile: (name) => name === FILE ? code : undefined,
    getDefaultLibFileName: () => "lib.d.ts",
    getCurrentDirectory: () => "/",
    getCanonicalFileName: (name) => name,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => "\n",
  });
  const diagnostics = [
    ...program.getSyntacticDiagnostics(source),
    ...program.getSemanticDiagnostics(source).filter(({ code }) => REDECLARATION_CODES.has(code)),
  ];
  return diagnostics.map(({ code, messageText, start = 0 }) => {
    const { line } = source.getLineAndCharacterOfPosition(start);
    return `TS${code} in line ${line + 1}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
  });
}
