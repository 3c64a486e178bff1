/** The three APIs that assistants answer in, and where each of them has instructions and tools. */
import type { Fields } from "../fields.ts";

/** How one API takes what a prompt file says. */
export interface AssistantApi {
  /** The field of the conversation. */
  conversation: "messages" | "input";
  /** The field of the output limit. */
  limit: "max_tokens" | "max_output_tokens";
  /** Puts a text before all instructions of a request. */
  withInstructions(fields: Fields, text: string): Fields;
  /** Converts a tool from the form of chat completions. */
  toTool(tool: Fields): Fields;
}

/** OpenAI's and OpenRouter's chat completions. */
export const chatApi: AssistantApi = {
  conversation: "messages",
  limit: "max_tokens",
  withInstructions: (fields, text) => {
    const messages = Array.isArray(fields.messages) ? fields.messages : [];
    return { ...fields, messages: [{ role: "system", content: text }, ...messages] };
  },
  toTool: (tool) => tool,
};

/** OpenAI's Responses. */
export const responsesApi: AssistantApi = {
  conversation: "input",
  limit: "max_output_tokens",
  withInstructions: (fields, text) => {
    const own = fields.instructions;
    return { ...fields, instructions: typeof own === "string" ? `${text}\n\n${own}` : text };
  },
  toTool: (tool) =>
    tool.type === "function" ? { type: "function", ...Object(tool.function) } : tool,
};

/** Anthropic's Messages. */
export const messagesApi: AssistantApi = {
  conversation: "messages",
  limit: "max_tokens",
  withInstructions: (fields, text) => {
    const { system } = fields;
    const own = typeof system === "string" ? [{ type: "text", text: system }] : system;
    if (!Array.isArray(own) || own.length === 0) return { ...fields, system: text };
    return { ...fields, system: [{ type: "text", text }, ...own] };
  },
  toTool: (tool) => {
    if (tool.type !== "function") return tool;
    const { name, description, parameters = { type: "object" } } = Object(tool.function) as Fields;
    return { name, description, input_schema: parameters };
  },
};
