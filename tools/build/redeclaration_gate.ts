/** InsForge cloud's first look at a function: TypeScript's parser and binder, without any types. */
import ts from "typescript";

/** Duplicate identifier, another type in a second `var`, import conflict, redeclared block scope. */
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
 * Finds what makes the platform refuse a function before it looks at any type.
 *
 * A first line `// @ts-nocheck` switches off the half about redeclarations, as it does there.
 *
 * @param code the text of the function, as it would be uploaded.
 * @returns one sentence per syntax error and per name that is declared twice, with its line.
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
