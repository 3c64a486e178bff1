/** Error messages for people: what happened, what to do, and only then the codes. */
import { AiError } from "../ai_error.ts";
import { createButton, createElement } from "./element.ts";

/** What each cause is called, and what to do when the response does not say. */
const CAUSES: Record<string, [title: string, advice?: string]> = {
  AI_INVALID_API_KEY: ["The OpenRouter key was rejected", "Check the key in the app's settings."],
  AI_INVALID_MODEL: ["This model is not available", "Choose another model."],
  AI_UPSTREAM_UNAVAILABLE: ["The AI provider failed", "Try again, or choose another model."],
  AUTH_INVALID_CREDENTIALS: ["You are not signed in", "Sign in and try again."],
  AUTH_UNAUTHORIZED: ["The sign-in was rejected", "Sign in again."],
  BILLING_INSUFFICIENT_BALANCE: ["The budget is used up", "Add credit, or raise the limit."],
  FORBIDDEN: ["The request was refused", "Ask for something else, or word it differently."],
  INTERNAL_ERROR: ["The server has a problem", "Look at the server's log."],
  INVALID_INPUT: ["The request is not valid", "Change what the message names."],
  NETWORK_ERROR: ["There is no connection", "Check that the server is running, then try again."],
  NOT_FOUND: ["Nothing was found", "Check the name."],
  RATE_LIMITED: ["Too many requests", "Wait a moment, then try again."],
  STORAGE_NOT_FOUND: ["The bucket does not exist", "Create it in InsForge, or name another."],
  STORAGE_PERMISSION_DENIED: ["You may not save here", "Name a bucket that you may write to."],
  STREAM_INCOMPLETE: ["The answer is incomplete", "The text so far is kept. Try again."],
  UPSTREAM_FAILURE: ["InsForge failed", "Try again in a moment."],
};

/** Above this a button would count for too long. */
const LONGEST_COUNTDOWN_SECONDS = 120;

/** Creates an error message, with a button to try again when `retry` is given. */
export function createFailure(thrown: unknown, retry?: () => void): HTMLElement {
  const error = thrown instanceof AiError
    ? thrown
    : new AiError(0, "PAGE_ERROR", thrown instanceof Error ? thrown.message : String(thrown));
  const { code, status, message, requestId, retryAfterSeconds = 0 } = error;
  const [title, ownAdvice] = Object.hasOwn(CAUSES, code) ? CAUSES[code]! : ["This did not work"];
  const wait = retry && retryAfterSeconds <= LONGEST_COUNTDOWN_SECONDS ? retryAfterSeconds : 0;
  // A counting button says itself what to do.
  const advice = wait ? "" : error.nextActions ?? ownAdvice;
  const trace = [code, status > 0 && `status ${status}`, requestId && `request ${requestId}`];
  return createElement(
    "div",
    { class: "failure", role: "alert" },
    createElement("p", { class: "what" }, title),
    createElement("p", {}, toSentence(message), advice && ` ${toSentence(advice)}`),
    retry && createRetry(retry, wait),
    createElement("p", { class: "trace" }, trace.filter(Boolean).join(" · ")),
  );
}

/** Creates a button that is disabled for `seconds` and shows how many are left. */
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
