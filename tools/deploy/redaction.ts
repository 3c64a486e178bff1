/** Keeps secrets out of everything that is printed, whoever wrote it. */

/** Shorter values are words such as "true", which would blacken innocent text. */
const MIN_LENGTH = 8;

/** Replaces every occurrence of a secret value in a text, be it InsForge's own message or a build log. */
export function redact(text: string, secrets: string[]): string {
  return secrets.filter(({ length }) => length >= MIN_LENGTH)
    .toSorted((a, b) => b.length - a.length)
    .reduce((clean, secret) => clean.replaceAll(secret, "[redacted]"), text);
}
