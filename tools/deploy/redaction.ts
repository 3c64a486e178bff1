/** Keeps secrets out of everything that is printed. */
import type { Environment } from "../../shared/settings.ts";

/** The environment variables whose values are secret. Every other value may be printed. */
export const SECRET_NAMES = [
  "API_KEY",
  "INSFORGE_API_KEY",
  "JWT_SECRET",
  "KEYS_ENCRYPTION_KEY",
  "OPENROUTER_API_KEY",
  "OPENROUTER_WEBHOOK_SECRET",
  "PINATA_LLM_KEY",
  "PINME_API_KEY",
];

/** Shorter values are words such as "true", which also occur in harmless text. */
const MIN_LENGTH = 8;

/** Reads the secrets of this machine, for {@link redact}. */
export function readSecretValues(environment: Environment): string[] {
  return SECRET_NAMES.flatMap((name) => {
    const value = environment.get(name)?.trim() ?? "";
    // KEYS_ENCRYPTION_KEY may hold several keys.
    return [value, ...value.split(",").map((part) => part.trim())];
  });
}

/** Replaces every secret in a text, such as a message of InsForge or a build log. */
export function redact(text: string, secrets: string[]): string {
  return secrets.filter(({ length }) => length >= MIN_LENGTH)
    .toSorted((a, b) => b.length - a.length)
    .reduce((clean, secret) => clean.replaceAll(secret, "[redacted]"), text);
}
