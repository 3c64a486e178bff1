/** An answer as one JSON body. */
import { createError } from "../faults.ts";
import { type Generation, toUsage } from "../ledger.ts";
import type { Simulation } from "../simulation.ts";
import type { Answer } from "./answer.ts";
import type { ToolCall } from "./tool_calls.ts";

/** Returns the body of a chat completion. */
export function toCompletion(answer: Answer, generation: Generation, simulation: Simulation) {
  const { model, spending } = answer;
  return {
    ...toHead(answer, generation, "chat.completion"),
    ...toEmptyError(simulation),
    system_fingerprint: null,
    choices: [toChoice(answer, simulation)],
    ...(simulation.usage !== "none" && { usage: toUsage(model, spending) }),
  };
}

/** The field `error` of a good response, in which some providers leave an empty value. */
export function toEmptyError({ empty_error: form }: Simulation): { error?: unknown } {
  if (form === undefined) return {};
  return { error: form === "string" ? "" : {} };
}

/** Text as `content` holds it: a string, or a list of parts, as some providers send it. */
export function toContent(text: string, { content: form }: Simulation): unknown {
  if (form === "parts") return text ? [{ type: "text", text }] : [];
  if (form === "thinking") {
    return [{ type: "thinking", thinking: [{ type: "text", text: "Let me think." }] }];
  }
  return text;
}

/** Returns the fields that every body and every chunk has. */
export function toHead({ model }: Answer, { id, createdAt }: Generation, object: string) {
  const created = Math.floor(createdAt / 1_000);
  return { id, object, created, model: model.id, provider: model.provider };
}

function toChoice(answer: Answer, simulation: Simulation) {
  const failed = simulation.fail === "choice";
  const mute = simulation.fail === "native";
  return {
    index: 0,
    finish_reason: failed
      ? "error"
      : simulation.tool_calls === "no_finish"
      ? null
      : answer.finishReason,
    native_finish_reason: failed ? "error" : mute ? "network_error" : answer.nativeFinishReason,
    logprobs: null,
    message: mute ? { role: "assistant", content: "" } : toMessage(answer, simulation),
    ...(failed && { error: createError(simulation) }),
  };
}

function toMessage(answer: Answer, simulation: Simulation) {
  const { reasoning, refusal, toolCalls, images, annotations } = answer;
  const half = answer.tokens.slice(0, Math.ceil(answer.tokens.length / 2));
  const text = (simulation.fail === "choice" ? half : answer.tokens).join("");
  const nothing = simulation.content === "null" || toolCalls.length > 0 ? null : "";
  const content = text || simulation.content !== "missing"
    ? { content: text ? toContent(text, simulation) : nothing }
    : {};
  const thought = reasoning.join("");
  return {
    role: "assistant",
    ...content,
    refusal,
    ...(simulation.audio && { audio: {} }),
    reasoning: thought || null,
    ...(thought && { reasoning_details: [toReasoningDetail(thought)] }),
    ...(toolCalls.length > 0 && { tool_calls: toCalls(toolCalls, simulation) }),
    ...(images.length > 0 && { images: images.map(toImagePart) }),
    ...(annotations.length > 0 && { annotations }),
  };
}

function toCalls(calls: ToolCall[], { tool_calls: shape }: Simulation): unknown[] {
  if (shape !== "object_arguments") return calls;
  return calls.map(({ function: { name, arguments: text }, ...call }) => ({
    ...call,
    function: { name, arguments: JSON.parse(text) },
  }));
}

/** Returns a piece of reasoning, in the form that clients send back unchanged. */
export function toReasoningDetail(text: string) {
  return { type: "reasoning.text", text, format: "unknown", index: 0 };
}

/** Returns an image of an answer. */
export function toImagePart(url: string, index: number) {
  return { type: "image_url", image_url: { url }, index };
}
