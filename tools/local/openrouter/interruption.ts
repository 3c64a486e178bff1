/** Requested interruptions: responses that are cut or stall after their status was sent. */
import type { Context } from "hono";
import { playSteps, type Step } from "./playback.ts";
import type { Simulation } from "./simulation.ts";
import type { Env } from "./world.ts";

const DEFAULT_STALL_MS = 120_000;
const COMMENT_EVERY_MS = 500;
const encoder = new TextEncoder();

/** A keep-alive comment. */
export const COMMENT: Step = { bytes: encoder.encode(": OPENROUTER PROCESSING\n\n") };

/**
 * Returns the steps of an interruption.
 *
 * @param next the next bytes; `cut_frame` still delivers half of them.
 */
export function toInterruption(
  { fail, stall_ms = DEFAULT_STALL_MS, chunk_delay_ms }: Simulation,
  next: Uint8Array,
): Step[] {
  switch (fail) {
    case "cut_frame":
      return [{ bytes: next.subarray(0, next.length >> 1) }, { cut: true }];
    case "stall":
      return [{ waitMs: stall_ms }];
    case "stall_with_comments": {
      const waitMs = Math.max(1, Math.min(COMMENT_EVERY_MS, chunk_delay_ms ?? COMMENT_EVERY_MS));
      const count = Math.ceil(stall_ms / waitMs);
      return Array.from({ length: count }, () => ({ ...COMMENT, waitMs }));
    }
    default:
      return [{ cut: true }];
  }
}

/** Creates a JSON response with status 200: the whole body, or its first half and an interruption. */
export function answerJson(
  c: Context<Env>,
  body: Record<string, unknown>,
  simulation: Simulation,
  id: string,
): Response {
  const { content_type = "application/json" } = simulation;
  const headers = { "Content-Type": content_type, "X-Generation-Id": id };
  const bytes = encoder.encode(JSON.stringify(body));
  if (!/^(cut|stall)/.test(simulation.fail ?? "")) return c.body(bytes, 200, headers);
  const [first, rest] = [bytes.subarray(0, bytes.length >> 1), bytes.subarray(bytes.length >> 1)];
  // JSON has no comments, so both kinds of stall are silent here.
  const fail = simulation.fail === "stall_with_comments" ? "stall" : simulation.fail;
  const steps = [{ bytes: first }, ...toInterruption({ ...simulation, fail }, rest)];
  return new Response(playSteps(steps, c.env.received, () => {}), { headers });
}
