/** Orders a video from OpenRouter and records the job. */
import type { Fields } from "../fields.ts";
import { unusable } from "../gateway/failures.ts";
import type { Call } from "../http/call.ts";
import type { Caller } from "../insforge/client.ts";
import type { ChargeName } from "../ledger/bill.ts";
import { attempt, openExchanges } from "../openrouter/call.ts";
import { type Exchange, sendPaid } from "../openrouter/charging.ts";
import { logGeneration } from "../openrouter/generation_log.ts";
import { parseResponse, readFailure } from "../openrouter/json_responses.ts";
import { readText } from "../openrouter/send.ts";
import { findVideoUsd } from "./costs.ts";
import { type GatewayJob, toGatewayJob } from "./gateway_job.ts";
import { addVideo, requireVideoTable, type VideoRow } from "./rows.ts";

/** An order, and what is recorded of it. */
export interface VideoOrder {
  /** Who orders, and will own the job. */
  owner: Caller;
  /** `model` and OpenRouter's other fields. */
  params: Fields;
  /** What the owner sees of the order later; no images. */
  request: Fields;
  /** Where to copy the videos to when they are finished. */
  save?: VideoRow["save"];
}

/**
 * Orders a video. The most that it may cost is charged as an estimate, which the cost replaces once
 * the job has ended.
 *
 * @returns the job, as it is recorded.
 * @throws {ApiError} as the docs' table of errors says; 502 for a response without a job; as
 *   `rows.ts`.
 * @see https://openrouter.ai/docs/api-reference/videos
 */
export async function orderVideo(call: Call, order: VideoOrder): Promise<VideoRow> {
  const { settings, slug, userId } = call;
  const { owner, params, request, save } = order;
  const usd = await findVideoUsd(call, params);
  const [exchange] = await openExchanges(call, [{ path: "/videos", params, usd }]) as [Exchange];
  await requireVideoTable(owner, settings);
  const limits = { deadlineMs: settings.REQUEST_DEADLINE_MS };
  const { job, charge } = await attempt(call, exchange, limits, (signal) => send(exchange, signal));
  const model = String(params.model);
  logGeneration(call.log, { id: job.id, model });
  exchange.trace?.note({ id: job.id, model });
  exchange.trace?.end();
  return await addVideo({
    id: crypto.randomUUID(),
    user_id: userId!,
    slug,
    model,
    request,
    status: job.status === "in_progress" ? "in_progress" : "pending",
    gateway_id: job.id,
    generation_id: job.generationId,
    own_key: exchange.bill.sealedKey !== undefined,
    // Without a ledger there is no charge. The cost is recorded once there is one, under a new name.
    reservation: charge?.reservation ?? crypto.randomUUID(),
    charge: charge?.number ?? 0,
    save,
  }, settings);
}

async function send(
  exchange: Exchange,
  signal: AbortSignal,
): Promise<{ job: GatewayJob; charge: ChargeName | undefined }> {
  const { bill, gateway } = exchange;
  const response = await sendPaid(exchange, signal);
  let text: string;
  try {
    text = await readText(response, signal);
  } catch (failure) {
    bill.charge({}); // the gateway has taken the order
    throw failure;
  }
  const value = parseResponse(text);
  const job = toGatewayJob(value);
  if (job) return { job, charge: bill.charge({}) };
  const failure = readFailure(value, response, gateway);
  if (!failure) bill.charge({});
  throw failure ?? unusable("The AI provider responded without a video job");
}
