/** Where the tools read settings from. */
import { parseEnv } from "node:util";
import type { Environment } from "../shared/settings.ts";

/** The process environment, and behind it the file `.env` of the working folder, if there is one. */
export async function readEnvironment(file = ".env"): Promise<Environment> {
  const text = await readFile(file);
  const values = parseEnv(text.replace(BYTE_ORDER_MARK, ""));
  return { get: (name) => Deno.env.get(name) ?? values[name] };
}

/** Some editors put it in front, and it would be part of the first name. */
const BYTE_ORDER_MARK = /^\uFEFF/;

async function readFile(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
