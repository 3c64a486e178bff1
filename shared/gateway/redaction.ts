/** Makes text from outside safe to show: without credentials, on one line, not too long. */

const MAX_CHARS = 300;

/** Tokens that begin like a key: OpenAI's, Anthropic's and OpenRouter's `sk-`, InsForge's `ik_` … */
const PREFIXED =
  /(?<![A-Za-z0-9])(?:[cg]?sk|xai|pplx|nvapi|ik|anon|pk|rk|key|hf|fw|r8|ghp|tgp)[-_][\w*.-]{5,}[\w*]/gi;
/** OpenRouter's keys, also where a letter precedes them; Google's and Amazon's keys, Google's access tokens, JSON Web Tokens. */
const SHAPED =
  /sk-or-v\d-[\w-]{8,}|\bAIza[\w-]{20,}|\bAKIA[A-Z0-9]{16}\b|\bya29\.[\w-]{10,}|(?<![\w-])eyJ[\w-]+\.[\w-]+\.[\w-]*/g;
/** Headers that hold a credential; a word such as "token" after them is not one. */
const HEADER = /\b(?:Bearer\s+|X-API-Key\s*[:=]\s*)(?=\S*\d|\S{20})\S+/gi;
/** Parameters of a URL that hold a credential, and the user and password before its host. */
const PARAMETER =
  /([?&](?:api_?key|key|(?:access_?)?token|sig(?:nature)?|x-amz-(?:signature|credential|security-token))=)[^&\s"'<>]+/gi;
const USER_INFO = /(\/\/)[^\s/@"'<>]{1,200}@/g;

/**
 * Removes credentials from a text and keeps identifiers, which tell what a message is about.
 *
 * @returns the text with `[removed]` in the place of each credential.
 */
export function redact(text: string): string {
  return text
    .replace(HEADER, "[removed]")
    .replace(PARAMETER, "$1[removed]")
    .replace(USER_INFO, "$1[removed]@")
    .replace(SHAPED, "[removed]")
    .replace(PREFIXED, (token) => isKey(token) ? "[removed]" : token);
}

/**
 * Whether a token that begins like a key is one. A key has a long run of letters and digits without
 * an order, or is masked with stars; an identifier such as `key_points_2024` is made of words.
 */
function isKey(token: string): boolean {
  if (token.includes("**")) return true;
  if (/^([cg]?sk|xai|pplx|nvapi)-|^gsk_/i.test(token)) return true; // identifiers do not begin so
  const runs = token.split(/[^A-Za-z0-9]+/).slice(1);
  return runs.some((run) => run.length >= 16 && /\d[A-Za-z]+\d|(\d\D*){6}/.test(run));
}

/** Shortens a text to what an error message may quote: one line of at most 300 characters. */
export function toExcerpt(text: string): string {
  return text.replace(/\s+/g, " ").trim().slice(0, MAX_CHARS).toWellFormed();
}
