/** PinMe, a proxy in front of OpenRouter that serves chat and the list of models. https://pinme.cloud */
import { ApiError } from "../errors.ts";
import type { Fields } from "../fields.ts";
import type { Settings } from "../settings.ts";
import { type Evidence, readError, requireKey, toFailure, unsupported } from "./failures.ts";
import type { Gateway, Received } from "./interface.ts";
import { parseBody, toReason, type UpstreamError } from "./upstream_error.ts";

const PINME = {
  title: "PinMe",
  keySetting: "PINME_API_KEY",
  requiredSettings: {
    PINME_API_KEY: "the project's PinMe key",
    PINME_PROJECT_NAME: "the project's name at PinMe",
  },
  chatModel: "openai/gpt-4o-mini",
} as const;

const OPERATIONS = ["/chat/completions", "/models"];
const MAX_BODY_BYTES = 1_048_576;

/** PinMe's own 400 is about the project that the key belongs to, its 403 about an empty balance. */
const MEANT_STATUS = new Map([[400, 401], [403, 402]]);

/** PinMe as a gateway. */
export function createPinme(settings: Settings): Gateway {
  return {
    ...PINME,
    get url() {
      return `${settings.PINME_BASE_URL}/api/v1`;
    },
    supports: (feature) => !feature.startsWith("/") || OPERATIONS.includes(feature),
    request(operation, fields) {
      const [path = "", query] = operation.split("?");
      if (!OPERATIONS.includes(path)) throw unsupported(`"${path}"`, PINME);
      const search = new URLSearchParams(query);
      search.set("project_name", settings.PINME_PROJECT_NAME ?? "");
      const body = fields && JSON.stringify(fields);
      if (body) requireSize(body);
      return {
        url: `${this.url}${path}?${search}`,
        body,
        toHeaders: (key = requireKey(settings, PINME)) => ({
          ...(key !== null && { "X-API-Key": key }),
          "Content-Type": "application/json",
        }),
        toOpenRouterForm: (json) => json,
      };
    },
    readError: readPinmeError,
  };
}

function requireSize(body: string): void {
  const bytes = new TextEncoder().encode(body).length;
  if (bytes <= MAX_BODY_BYTES) return;
  const message = `The request must not exceed ${MAX_BODY_BYTES} bytes with PinMe`;
  throw new ApiError(413, "INVALID_INPUT", message);
}

/** PinMe's own errors come in an envelope; those of OpenRouter behind it are passed on as they are. */
function readPinmeError(received: Received): ApiError | undefined {
  const own = findEnvelope(parseBody(received.body));
  if (own) return toOwnFailure(own, received);
  const failure = readError(received, PINME);
  const { status } = (failure?.cause ?? {}) as Partial<Evidence>;
  const isAboutKey = failure?.code === "AI_INVALID_API_KEY" ||
    failure?.code === "BILLING_INSUFFICIENT_BALANCE" && status === 403;
  if (!isAboutKey) return failure;
  const message = "The gateway behind PinMe refused the key of PinMe";
  return new ApiError(502, "AI_INVALID_API_KEY", message, { cause: failure.cause });
}

function toOwnFailure(error: UpstreamError, { status, headers, body }: Received): ApiError {
  const stated = status < 300 ? Number(error.code) : status; // an unknown code is a 502
  const text = status < 300 ? undefined : String(body);
  const meant = MEANT_STATUS.get(stated) ?? stated;
  const failure = toFailure({ status: meant, error, text, headers }, PINME);
  if (failure.code !== "AI_INVALID_API_KEY") return failure;
  const message = `${failure.message}: ${toReason(error, "it gave no reason")}`;
  return new ApiError(failure.status, failure.code, message, { ...failure, cause: failure.cause });
}

/** The error in PinMe's envelope `{ code, msg, data: { error } }`. */
function findEnvelope(body: unknown): UpstreamError | undefined {
  const { code, msg, data } = Object(body) as Fields;
  if (typeof msg !== "string" || code === 200 || code === "200") return undefined;
  const { error } = Object(data) as Fields;
  return {
    code: typeof code === "number" || typeof code === "string" ? code : undefined,
    message: typeof error === "string" ? error : msg,
    metadata: {},
  };
}
