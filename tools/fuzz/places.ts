/** The places inside a JSON value, to change one of them. */
import type { Fields } from "../../shared/fields.ts";

/** Lists the places of a value: the object or array that holds each, and its key there. */
export function listPlaces(value: unknown): { holder: Fields; key: string }[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.keys(value).slice(0, 20).flatMap((key) => [
    { holder: value as Fields, key },
    ...listPlaces((value as Fields)[key]),
  ]);
}

/** Sets an own field, even `__proto__`. */
export function setField(holder: Fields, key: string, value: unknown): void {
  Object.defineProperty(holder, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}
