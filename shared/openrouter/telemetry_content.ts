/** Prompts and answers in the form of OpenTelemetry's conventions, for operators who record them. */
import { type Fields, toText } from "../fields.ts";
import { readData, splitEvents } from "../http/sse.ts";

/** A message as the conventions have it. */
export interface TelemetryMessage {
  /** Such as `user`, `assistant` or `tool`. */
  role: string;
  /** Texts, tool calls and their results. Of anything else only the type is kept. */
  parts: Fields[];
  /** Why the model stopped, for its own messages. */
  finish_reason?: string;
}

/** The attributes that hold what a model is asked. */
export function toInputAttributes(fields: Fields): Record<string, string> {
  const { instructions, system, messages, input, prompt } = fields;
  const given = messages ?? input ?? prompt;
  const list = Array.isArray(given) ? given : [given];
  const inputs = list.map((item): TelemetryMessage =>
    typeof item === "string" ? { role: "user", parts: [toTextPart(item)] } : toMessage(Object(item))
  );
  const instruct = toParts(instructions ?? system);
  return {
    "gen_ai.input.messages": JSON.stringify(inputs),
    ...instruct.length > 0 && { "gen_ai.system_instructions": JSON.stringify(instruct) },
  };
}

/** The messages of a whole response: one per choice. */
export function toOutputMessages({ choices, output, content, ...end }: Fields): TelemetryMessage[] {
  if (Array.isArray(choices)) {
    return choices.map(Object).map(({ message, text, finish_reason }) => ({
      ...toMessage({ role: "assistant", content: text, ...Object(message) }),
      finish_reason: toText(finish_reason),
    }));
  }
  const items = Array.isArray(output) ? output.map(Object).flatMap(toItemParts) : toParts(content);
  const reason = toText(end.stop_reason ?? end.status);
  return items.length > 0 ? [{ role: "assistant", parts: items, finish_reason: reason }] : [];
}

/** The JSON of the events in the text of a stream. */
export function readEvents(text: string): Fields[] {
  return splitEvents(new TextEncoder().encode(text)).flatMap((event) => {
    try {
      return [Object(JSON.parse(readData(new TextDecoder().decode(event)) ?? ""))];
    } catch {
      return []; // a comment, or `[DONE]`
    }
  });
}

function toMessage(message: Fields): TelemetryMessage {
  const { role, content, tool_calls, tool_call_id } = message;
  if (role === "tool") {
    return { role, parts: [{ type: "tool_call_response", id: tool_call_id, response: content }] };
  }
  const calls = Array.isArray(tool_calls) ? tool_calls.map(Object).map(toCallPart) : [];
  const parts = content === undefined && calls.length === 0
    ? toItemParts(message)
    : [...toParts(content), ...calls];
  return { role: toText(role), parts };
}

function toParts(content: unknown): Fields[] {
  if (typeof content === "string") return content ? [toTextPart(content)] : [];
  return Array.isArray(content) ? content.map(Object).map(toPart) : [];
}

function toTextPart(content: string): Fields {
  return { type: "text", content };
}

/** Files are left out: they would make spans of megabytes. */
function toPart({ type, text, name, id, input }: Fields): Fields {
  if (typeof text === "string") return toTextPart(text);
  return type === "tool_use" ? { type: "tool_call", id, name, arguments: input } : { type };
}

function toCallPart({ id, function: called }: Fields): Fields {
  const { name, arguments: text } = Object(called);
  return { type: "tool_call", id, name, arguments: text };
}

/** An item of OpenAI's Responses. */
function toItemParts({ type, content, call_id: id, name, arguments: text }: Fields): Fields[] {
  return type === "function_call"
    ? [{ type: "tool_call", id, name, arguments: text }]
    : toParts(content);
}
