/** Sends requests whose cost is reserved, and charges what their responses state. */
import type { Fields } from "../fields.ts";
import type { Gateway, GatewayRequest } from "../gateway/interface.ts";
import type { Call, LogFields } from "../http/call.ts";
import type { Bill } from "../ledger/bill.ts";
import type { Answered } from "../ledger/charge.ts";
import { readTokenUsage } from "../token_usage.ts";
import { logGeneration } from "./generation_log.ts";
import { parseResponse } from "./json_responses.ts";
import type { Protocol } from "./protocol.ts";
import { mayBeBilled, readGenerationId, readText, send } from "./send.ts";
import type { Ending } from "./stream_guard.ts";
import type { Trace } from "./telemetry.ts";

/** A request that may be sent: it keeps to the policy, and its cost is reserved. */
export interface Exchange {
  /** The gateway that it is sent to. */
  gateway: Gateway;
  /** The request in the gateway's form. */
  request: GatewayRequest;
  /** What it is charged to. */
  bill: Bill;
  /** The user's own key; undefined for the project's. */
  key: string | undefined;
  /** How its events are read. */
  protocol: Protocol | undefined;
  /** Its span and metrics; undefined when nothing is recorded. */
  trace: Trace | undefined;
}

/** Sends, and charges the estimate of a request that got no response and may have been taken. */
export function sendPaid(
  { gateway, request, bill, key }: Exchange,
  signal: AbortSignal,
): Promise<Response> {
  return send(request, { gateway, key, signal }).catch((failure) => {
    if (mayBeBilled(failure)) bill.charge({});
    throw failure;
  });
}

/** Reads a response and charges it, whatever is thought of it later. */
export async function readCharged(
  call: Call,
  { gateway, request, bill, protocol, trace }: Exchange,
  { response, signal }: { response: Response; signal: AbortSignal },
): Promise<unknown> {
  const id = readGenerationId(response);
  let text: string;
  try {
    text = await readText(response, signal);
  } catch (failure) {
    bill.charge({ id }); // the gateway was at work
    throw failure;
  }
  const value = request.toOpenRouterForm(parseResponse(text, protocol));
  if (typeof value !== "object" || value === null) {
    if (id) bill.charge({ id });
    return value;
  }
  const { usage, id: ownId, model } = value as Record<"id" | "model", unknown> & Answered;
  if (readTokenUsage(usage) || !gateway.readError({ status: 200, body: value })) {
    const answered = { id: id ?? asText(ownId), model: asText(model), usage };
    bill.charge(answered);
    logGeneration(call.log, answered);
    trace?.noteResponse(value as Fields, answered);
  }
  return value;
}

/** Charges what the events of a stream have named and counted when it ended. */
export function chargeStream(log: LogFields, { bill, trace }: Exchange, ending: Ending): void {
  const { outcome, refused, tokens, finishReasons, ...answered } = ending;
  if (refused && !readTokenUsage(answered.usage)) return; // nothing was generated
  const isPart = outcome !== "complete";
  bill.charge(answered, { completionTokens: isPart ? tokens : tokens || undefined, isPart });
  logGeneration(log, answered);
  trace?.note(answered, finishReasons);
}

function asText(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
