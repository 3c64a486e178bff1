/** Where the tools read settings from. */
import { parseEnv } from "node:util";
import type { Environment } from "../shared/settings.ts";

/** The process environment, and behind it the file `.env` of the working folder, if there is one. */
export async function readEnvironment(): Promise<Environment> {
  const values = parseEnv(await readFile(".env"));
  return { get: (name) => Deno.env.get(name) ?? values[name] };
}

async function readFile(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
