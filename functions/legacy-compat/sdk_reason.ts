/** The deprecated proxy reported failures in the words of OpenAI's SDK. */

/** The reason that OpenAI's SDK finds in the body of a failed response. */
export function findSdkReason(text: string): string | undefined {
  let body: { error?: { message?: unknown } | string | null };
  try {
    body = JSON.parse(text);
  } catch {
    return text || undefined;
  }
  const error = body?.error;
  if (!error) return undefined;
  const reason = typeof error === "object" && error.message || error;
  return typeof reason === "string" && reason !== error ? reason : JSON.stringify(reason);
}
