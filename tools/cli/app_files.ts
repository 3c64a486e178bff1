/** Changes to files of an app that may exist already. Nothing in them is replaced. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { applyEdits, modify, parse, type ParseError } from "jsonc-parser";
import { CommandFailure } from "./failure.ts";

/** Reads a file of an app; an empty text when it is missing. */
export function readText(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

/** Writes a file, and its folder, unless the file exists. @returns whether it was written. */
export function writeNew(path: string, text: string): boolean {
  if (existsSync(path)) return false;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return true;
}

/**
 * Appends the lines that a file lacks. A line counts as present when the file has it, commented out or
 * not, with any value behind `=`.
 *
 * @param heading a comment to write above them.
 * @returns how many lines were appended.
 */
export function appendLines(path: string, heading: string, lines: string[]): number {
  const text = readText(path);
  const toKey = (line: string) => line.replace(/^#\s*/, "").split("=")[0]!.trim();
  const present = new Set(text.split(/\r?\n/).map(toKey));
  const missing = lines.filter((line) => !present.has(toKey(line)));
  if (missing.length === 0) return 0;
  const before = text === "" ? "" : text.endsWith("\n") ? `${text}\n` : `${text}\n\n`;
  writeFileSync(path, `${before}${heading}\n${missing.join("\n")}\n`);
  return missing.length;
}

/**
 * Adds an import to the Deno configuration of an app, unless it has one of that name.
 *
 * @returns the name of the file, and whether it has changed.
 * @throws {CommandFailure} when the file is not JSON.
 */
export function addImport(
  root: string,
  { name, target }: { name: string; target: string },
): { file: string; isChanged: boolean } {
  const file = existsSync(join(root, "deno.jsonc")) ? "deno.jsonc" : "deno.json";
  const isChanged = editJson(
    root,
    file,
    ({ imports }) =>
      imports?.[name] === undefined ? { path: ["imports", name], value: target } : undefined,
  );
  return { file, isChanged };
}

/**
 * Excludes a folder from the TypeScript configuration of an app, if the app has one that includes every
 * folder. Functions are written for Deno: they import files by their whole names.
 *
 * @returns whether the file has changed.
 * @throws {CommandFailure} when the file is not JSON.
 */
export function excludeFromTypeScript(root: string, folder: string): boolean {
  const file = "tsconfig.json";
  if (!existsSync(join(root, file))) return false;
  return editJson(root, file, ({ include, files, exclude }) => {
    const isEverything = include
      ? include.some((pattern: string) => pattern.startsWith("**"))
      : files === undefined;
    if (!isEverything || exclude?.includes(folder)) return undefined;
    return exclude
      ? { path: ["exclude", exclude.length], value: folder }
      // The list replaces TypeScript's own, which has this folder.
      : { path: ["exclude"], value: ["node_modules", folder] };
  });
}

/** One change to a JSON file. */
interface Edit {
  path: (string | number)[];
  value: unknown;
}

/**
 * Changes one value of a JSON file, and keeps its comments and its formatting. A missing file counts as
 * an empty object.
 *
 * @param toEdit returns the change, or nothing when the file is as it should be.
 */
function editJson(
  root: string,
  file: string,
  // deno-lint-ignore no-explicit-any
  toEdit: (content: any) => Edit | undefined,
): boolean {
  const text = readText(join(root, file)) || "{}\n";
  const errors: ParseError[] = [];
  const content = parse(text, errors, { allowTrailingComma: true });
  if (errors.length > 0) throw new CommandFailure(`${file} must be JSON; correct it and try again`);
  const edit = toEdit(content);
  if (!edit) return false;
  const formattingOptions = { insertSpaces: true, tabSize: 2, eol: "\n" };
  writeFileSync(
    join(root, file),
    applyEdits(text, modify(text, edit.path, edit.value, { formattingOptions })),
  );
  return true;
}
