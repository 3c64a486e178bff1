/** The `Prefer` header, both ways. */

import { RestError } from "./rest_error.ts";

const ACCEPTED = {
  resolution: ["merge-duplicates", "ignore-duplicates"],
  missing: ["default", "null"],
  return: ["representation", "minimal", "headers-only"],
  params: ["single-object"],
  count: ["exact", "planned", "estimated"],
  tx: ["commit", "rollback"],
  handling: ["strict", "lenient"],
} as const;

/** Preferences by name; the first one given counts. */
export type Preferences = { [Name in keyof typeof ACCEPTED]?: (typeof ACCEPTED)[Name][number] };

/**
 * Reads `Prefer`; what is not known is ignored.
 *
 * @throws {RestError} 400 `PGRST122` for something unknown under `handling=strict`
 * @see https://docs.postgrest.org/en/v12/references/api/preferences.html
 */
export function parsePreferences(headers: Headers): Preferences {
  const given = headers.get("prefer")?.split(",").map((preference) => preference.trim()) ?? [];
  const preferences: Record<string, string> = {};
  const unknown = given.filter((preference) => {
    const [name, value] = preference.split("=");
    const values: readonly string[] = Object.hasOwn(ACCEPTED, name)
      ? ACCEPTED[name as keyof Preferences]
      : [];
    if (!values.includes(value)) return true;
    preferences[name] ??= value;
    return false;
  });
  if (preferences.handling === "strict" && unknown.length > 0) {
    throw new RestError(400, "PGRST122", "Invalid preferences given with handling=strict", {
      details: `Invalid preferences: ${unknown.join(", ")}`,
    });
  }
  return preferences;
}

/** The value of `Preference-Applied` for those of `names` that were given, in PostgREST's order. */
export function appliedPreferences(
  preferences: Preferences,
  names: (keyof Preferences)[],
): string | undefined {
  // Transactions cannot be rolled back by a preference here, so `tx` is never among the applied.
  const order = Object.keys(ACCEPTED) as (keyof Preferences)[];
  const applied = order.filter((name) => names.includes(name) && preferences[name] !== undefined);
  return applied.map((name) => `${name}=${preferences[name]}`).join(", ") || undefined;
}
