/** Keeps secrets out of everything that is printed. */

/** Shorter values are words such as "true", which also occur in harmless text. */
const MIN_LENGTH = 8;

/** Replaces every secret in a text, such as a message of InsForge or a build log. */
export function redact(text: string, secrets: string[]): string {
  return secrets.filter(({ length }) => length >= MIN_LENGTH)
    .toSorted((a, b) => b.length - a.length)
    .reduce((clean, secret) => clean.replaceAll(secret, "[redacted]"), text);
}
