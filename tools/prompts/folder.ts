/** The folder `prompts/` of an app. */
import { join } from "node:path";
import type { Assistant } from "../../shared/assistants/assistant.ts";
import { parsePrompt } from "./prompt_file.ts";

/**
 * Reads and checks every prompt file of an app, and gives them to the functions that are loaded in this
 * process.
 *
 * @param root the app's folder; the working folder unless given. It may lack `prompts/`.
 * @returns the assistants, sorted by name.
 * @throws {Error} with one line per file that is wrong, each with the field and what would be right.
 */
export async function installPrompts(root = "."): Promise<Assistant[]> {
  const assistants: Assistant[] = [];
  const faults: string[] = [];
  for (const file of await listFiles(join(root, "prompts"))) {
    const source = await Deno.readTextFile(join(root, "prompts", file));
    try {
      assistants.push(parsePrompt(file.slice(0, -".md".length), source));
    } catch (error) {
      faults.push(`prompts/${file}: ${(error as Error).message}`);
    }
  }
  if (faults.length > 0) throw new Error(faults.join("\n"));
  Object.assign(globalThis, { INSFORGE_AI_ASSISTANTS: assistants });
  return assistants;
}

/** The Markdown files of a folder, sorted, without a README. */
async function listFiles(folder: string): Promise<string[]> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(folder));
    return entries.filter(({ isFile }) => isFile).map(({ name }) => name)
      .filter((name) => name.endsWith(".md") && name !== "README.md").sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
