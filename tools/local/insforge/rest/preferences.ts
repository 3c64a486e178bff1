/** The headers `Prefer` and `Preference-Applied`. */

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

/** Preferences by name. The first one of a name counts. */
export type Preferences = { [Name in keyof typeof ACCEPTED]?: (typeof ACCEPTED)[Name][number] };

/**
 * Reads `Prefer`. Unknown preferences are ignored.
 *
 * @throws {RestError} 400 `PGRST122` for unknown preferences with `handling=strict`
 * @see https://docs.postgrest.org/en/v12/references/api/preferences.html
 */
export function parsePreferences(headers: Headers): Preferences {
  const given = headers.get("prefer")?.split(",").map((preference) => preference.trim()) ?? [];
  const preferences: Record<string, string> = {};
  const unknown = given.filter((preference) => {
    const [name = "", value = ""] = preference.split("=");
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

/** Returns `Preference-Applied` for the given preferences in `names`, in PostgREST's order. */
export function appliedPreferences(
  preferences: Preferences,
  names: (keyof Preferences)[],
): string | undefined {
  // `tx` is never applied, because a preference cannot roll back a transaction here.
  const order = Object.keys(ACCEPTED) as (keyof Preferences)[];
  const applied = order.filter((name) => names.includes(name) && preferences[name] !== undefined);
  return applied.map((name) => `${name}=${preferences[name]}`).join(", ") || undefined;
}
