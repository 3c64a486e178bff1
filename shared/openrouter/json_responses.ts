/** JSON responses of the gateway, also when a server labels or wraps them wrongly. */
import type { ApiError } from "../errors.ts";
import { type Fields, isFields } from "../fields.ts";
import { unusable } from "../gateway/failures.ts";
import { chooseGateway } from "../gateway/gateway.ts";
import type { Gateway } from "../gateway/interface.ts";
import type { Call } from "../http/call.ts";
import { readData } from "../http/sse.ts";
import type { Protocol } from "./protocol.ts";
import { withRetries } from "./retries.ts";
import { readText, send } from "./send.ts";

/**
 * Decides whether a response is good; it throws to reject it.
 *
 * @param response a `T` unless there is an error; otherwise it may be any JSON value or text.
 * @param error the failure that the response reports itself, or 502 for one that is not a JSON
 *   object.
 */
export type Judge<T> = (response: T, error: ApiError | undefined) => void;

/**
 * Parses the body of a response.
 *
 * @param protocol puts the events together when a server streams although no stream was requested.
 * @returns a JSON value; the text itself when it is not JSON; null when it is empty.
 */
export function parseResponse(text: string, protocol?: Protocol): unknown {
  return parseJson(text) ?? parseEvents(text, protocol) ?? (text || null);
}

/**
 * The failure that a response with a status below 300 reports.
 *
 * @param value the parsed body.
 * @returns 502 for a body that is not a JSON object; undefined for a success.
 */
export function readFailure(
  value: unknown,
  { headers }: Response,
  gateway: Gateway,
): ApiError | undefined {
  if (typeof value !== "object" || value === null) {
    return unusable("The AI provider's response could not be read");
  }
  return gateway.readError({ status: 200, headers, body: value });
}

/** What a request that costs nothing needs of its call; the context of `withAi` has it, too. */
export type Fetching = Pick<Call, "request" | "settings" | "elapsedMs">;

/**
 * Fetches a path of the gateway, which costs nothing, as JSON.
 *
 * @throws {ApiError} as the docs' table of errors says; what `judge` throws.
 */
export async function fetchJson<T>(call: Fetching, path: string, judge: Judge<T>): Promise<T> {
  const { settings } = call;
  const gateway = chooseGateway(settings);
  const request = gateway.request(path);
  const { REQUEST_DEADLINE_MS: deadlineMs } = settings;
  return await withRetries(call, { deadlineMs }, async (signal) => {
    const response = await send(request, { gateway, signal });
    const value = request.toOpenRouterForm(parseResponse(await readText(response, signal)));
    judge(value as T, readFailure(value, response, gateway));
    return value as T;
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The response of a server that streams where no stream was requested. */
function parseEvents(text: string, protocol: Protocol | undefined): Fields | undefined {
  if (!protocol || !/^(data|event|id)?:/.test(text)) return undefined;
  const events = text.split(/\r?\n\r?\n/).map((event) => parseJson(readData(event) ?? ""));
  return protocol.toResponse(events.filter(isFields));
}
