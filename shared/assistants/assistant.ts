/** Assistants: prompts that the app keeps in `prompts/`, one file each, and that requests name. */
import { invalidInput } from "../errors.ts";
import type { Fields } from "../fields.ts";

/** One variable of a prompt, as its file declares it. */
export interface Variable {
  /** The JSON type of a value; `integer` is a whole number. */
  type: "string" | "number" | "integer" | "boolean";
  /** The most characters of a string. */
  max_length?: number;
  /** The strings that are allowed. */
  enum?: string[];
  /** The smallest number. */
  minimum?: number;
  /** The largest number. */
  maximum?: number;
  /** The value of a request without one. A variable without a default is required. */
  default?: string | number | boolean;
}

/** A checked prompt file. The names of its fields are those of the front matter. */
export interface Assistant {
  /** The name of the file without `.md`. */
  name: string;
  /** The text, with `{{name}}` where the value of a variable belongs. */
  text: string;
  /** What the assistant is for; `GET /v1/models` lists it. */
  description?: string;
  /** The version of the prompt, for the log. */
  version?: string | number;
  /** The model that answers; the setting `OPENROUTER_CHAT_MODEL` unless given. */
  model?: string;
  /** How varied the answers are. */
  temperature?: number;
  /** The output limit, tokens; at most `MAX_OUTPUT_TOKENS` counts. */
  max_tokens?: number;
  /** Tools in the form of chat completions. */
  tools?: Fields[];
  /** What may be filled in. */
  variables: Record<string, Variable>;
  /** What a caller may send besides text when `ASSISTANTS_ONLY` is set. */
  allow: string[];
}

/** The prefix by which a `model` names an assistant. */
const MODEL_PREFIX = "assistant/";

/**
 * The assistants of the app. `build` puts the checked files in the place of this global variable;
 * `serve` and `start` set it before the functions are loaded.
 */
export function listAssistants(): readonly Assistant[] {
  return (globalThis as { INSFORGE_AI_ASSISTANTS?: Assistant[] }).INSFORGE_AI_ASSISTANTS ?? [];
}

/** Finds an assistant by the name of its file. */
export function findAssistant(name: string): Assistant | undefined {
  return listAssistants().find((assistant) => assistant.name === name);
}

/** The model under which clients of `v1` call an assistant, such as `assistant/support`. */
export function toAssistantModel({ name }: Pick<Assistant, "name">): string {
  return MODEL_PREFIX + name;
}

/**
 * Reads which assistant a request names: in `assistant`, or in a `model` such as `assistant/support`.
 *
 * @param fields a request; it is not changed.
 * @returns the assistant and the rest of the request, without the field that named it.
 * @throws {ApiError} 400 `INVALID_INPUT` for an unknown name.
 */
export function readAssistant(fields: Fields): { assistant?: Assistant; rest: Fields } {
  if (typeof fields.assistant === "string") {
    const { assistant: name, ...rest } = fields;
    return { assistant: requireAssistant(name as string, "assistant"), rest };
  }
  if (typeof fields.model !== "string" || !fields.model.startsWith(MODEL_PREFIX)) {
    return { rest: fields };
  }
  const { model, ...rest } = fields;
  const name = (model as string).slice(MODEL_PREFIX.length);
  return { assistant: requireAssistant(name, "model"), rest };
}

function requireAssistant(name: string, field: string): Assistant {
  const assistant = findAssistant(name);
  if (!assistant) throw invalidInput(`"${field}" must name an assistant of this app`);
  return assistant;
}
