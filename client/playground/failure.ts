/** Failures as a person wants to read them: what happened, what to do, and only then the codes. */
import { AiError } from "../ai_error.ts";
import { createButton, createElement } from "./element.ts";

/** What helps, where the answer itself does not say. */
const ADVICE: Record<string, string> = {
  AI_UPSTREAM_UNAVAILABLE: "Try again, or choose another model.",
  AI_INVALID_MODEL: "Choose another model.",
  AI_INVALID_API_KEY: "Whoever runs the app must check its OpenRouter key.",
  FORBIDDEN: "Ask for something else, or say it differently.",
  NETWORK_ERROR: "Check that the server is running, then try again.",
  STREAM_INCOMPLETE: "Try again; what has arrived is kept above.",
  STORAGE_NOT_FOUND: "Create the bucket in InsForge first, or name another.",
};

/** Nobody watches a longer one; what is to be done is then said in words. */
const LONGEST_COUNTDOWN_SECONDS = 120;

/** Shows a failure, with a button to try again where that makes sense. */
export function createFailure(thrown: unknown, retry?: () => void): HTMLElement {
  const error = thrown instanceof AiError
    ? thrown
    : new AiError(0, "PAGE_ERROR", thrown instanceof Error ? thrown.message : String(thrown));
  const { code, status, message, requestId, retryAfterSeconds = 0 } = error;
  const wait = retry && retryAfterSeconds <= LONGEST_COUNTDOWN_SECONDS ? retryAfterSeconds : 0;
  // While a button counts down, it says itself what to do.
  const advice = wait ? "" : error.nextActions ?? ADVICE[code];
  const trace = [code, status > 0 && `status ${status}`, requestId && `request ${requestId}`];
  return createElement(
    "div",
    { class: "failure", role: "alert" },
    createElement("p", { class: "what" }, toSentence(message)),
    advice && createElement("p", {}, toSentence(advice)),
    retry && createRetry(retry, wait),
    createElement("p", { class: "trace" }, trace.filter(Boolean).join(" · ")),
  );
}

/** A button, and how long to wait before it is worth pressing. */
function createRetry(retry: () => void, seconds: number): HTMLElement {
  const button = createButton("plain", retry);
  let left = Math.ceil(seconds);
  const count = () => {
    button.textContent = left > 0 ? `Try again in ${left} s` : "Try again";
    button.disabled = left > 0;
    if (left-- > 0) setTimeout(count, 1_000);
  };
  count();
  return button;
}

function toSentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}
