/** Reads the settings of the tools. */
import { parseEnv } from "node:util";
import type { Environment } from "../shared/settings.ts";

/** Reads the process environment; the file `.env` of the working folder gives what that lacks. */
export async function readEnvironment(file = ".env"): Promise<Environment> {
  const text = await readFile(file);
  const values = parseEnv(text.replace(BYTE_ORDER_MARK, ""));
  return { get: (name) => Deno.env.get(name) ?? values[name] };
}

/** Some editors write it at the start of a file, where it would become part of the first name. */
const BYTE_ORDER_MARK = /^\uFEFF/;

async function readFile(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
