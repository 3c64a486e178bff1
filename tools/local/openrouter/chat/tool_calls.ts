/** Tool calls: whether a function is called, which one, and with which arguments. */
import { hashText } from "../hash.ts";
import { invalidRequest } from "../refusal.ts";
import type { Simulation } from "../simulation.ts";
import { findKeywords } from "./keywords.ts";
import type { ChatRequest, FunctionTool } from "./request.ts";
import { createValue } from "./schema_value.ts";

/** A tool call in a message. */
export interface ToolCall {
  id: string;
  type: "function";
  function: { name: string; arguments: string };
}

/**
 * Calls a function when `tool_choice` requires it, or when the prompt shares a word with its
 * description; never directly after a tool result. The functions in `functions` are called in the
 * same form as those in `tools`.
 */
export function createToolCalls(
  request: ChatRequest,
  prompt: string,
  { tool_calls: shape }: Simulation,
): ToolCall[] {
  const tools = (request.tools ?? []).flatMap((tool) => tool.function ?? []);
  const functions = [...tools, ...request.functions ?? []];
  const choice = request.tool_choice ?? toToolChoice(request.function_call);
  const chosen = chooseFunction(functions, choice, prompt, shape !== undefined);
  if (!chosen || request.messages.at(-1)!.role !== "user") return [];
  const twice = shape === "parallel" || shape === "same_index";
  const second = functions.find((tool) => tool !== chosen) ?? chosen;
  return (twice ? [chosen, second] : [chosen]).map(({ name, parameters }, i) => {
    const value = createValue({ type: "object", ...parameters }, prompt);
    const text = shape === "empty_arguments" ? "" : JSON.stringify(value);
    const id = `call_${hashText(`${i} ${prompt}`).toString(16).padStart(8, "0")}`;
    return { id, type: "function", function: { name, arguments: text } };
  });
}

/** OpenAI's first form of `tool_choice` in its present form. */
function toToolChoice(choice: ChatRequest["function_call"]): ChatRequest["tool_choice"] {
  if (typeof choice !== "object" || choice === null) return choice;
  return { type: "function", function: { name: choice.name } };
}

function chooseFunction(
  functions: FunctionTool[],
  choice: ChatRequest["tool_choice"],
  prompt: string,
  forced: boolean,
): FunctionTool | undefined {
  if (choice === "none") return undefined;
  if (typeof choice === "object" && choice?.type === "function") {
    const { name } = (choice.function ?? {}) as { name?: string };
    const named = functions.find((tool) => tool.name === name);
    if (!named) throw invalidRequest(`Tool choice "${name}" is not among "tools"`);
    return named;
  }
  if (choice === "required" || forced) return functions[0];
  const words = findKeywords(prompt.toLowerCase(), 50);
  return functions.find(({ name, description = "" }) => {
    const about = `${name} ${description}`.toLowerCase();
    return words.some((word) => about.includes(word));
  });
}
