/** Assistants for the functions in this process, in place of the files in `prompts/`. */
import type { Assistant } from "../../shared/assistants/assistant.ts";
import { parsePrompt } from "../../tools/prompts/prompt_file.ts";

/** Gives the functions these assistants, by the texts of their files. */
export function setAssistants(files: Record<string, string>): Assistant[] {
  const assistants = Object.entries(files).map(([name, source]) => parsePrompt(name, source));
  Object.assign(globalThis, { INSFORGE_AI_ASSISTANTS: assistants });
  return assistants;
}
