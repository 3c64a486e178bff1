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
 * Adds fields to the Deno configuration of an app, and keeps its comments and its formatting. Fields
 * that it has keep their values.
 *
 * @param fields paths into the configuration, and their values.
 * @returns the name of the file, and whether it has changed.
 * @throws {CommandFailure} when the file is not JSON.
 */
export function addToConfiguration(
  root: string,
  fields: [path: string[], value: string][],
): { name: string; isChanged: boolean } {
  const name = existsSync(join(root, "deno.jsonc")) ? "deno.jsonc" : "deno.json";
  const path = join(root, name);
  const original = readText(path) || "{}\n";
  const errors: ParseError[] = [];
  const configuration = parse(original, errors, { allowTrailingComma: true });
  if (errors.length > 0) throw new CommandFailure(`${name} must be JSON; correct it and try again`);
  let text = original;
  for (const [field, value] of fields) {
    if (read(configuration, field) !== undefined) continue;
    const formattingOptions = { insertSpaces: true, tabSize: 2, eol: "\n" };
    text = applyEdits(text, modify(text, field, value, { formattingOptions }));
  }
  if (text !== original) writeFileSync(path, text);
  return { name, isChanged: text !== original };
}

function read(value: unknown, path: string[]): unknown {
  return path.reduce<unknown>(
    (inner, name) => (inner as Record<string, unknown> | undefined)?.[name],
    value,
  );
}
