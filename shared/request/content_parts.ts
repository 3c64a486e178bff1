/** What a request shows a model in parts, wherever the several APIs let these stand. */
import type { Fields } from "../fields.ts";

/**
 * Lists the parts of messages and of Responses' items: what was said, what tools brought, images of
 * an answer that is sent back, files that were parsed before, images to draw from.
 */
export function listParts({ messages, input, input_references }: Fields): Fields[] {
  const shown = [messages, input].flatMap(toObjects).flatMap((item) => [
    item.content,
    item.output,
    item.images,
    toObjects(item.annotations).flatMap(({ file }) => Object(file).content),
  ]);
  return [...shown, input_references].flatMap(toObjects);
}

/** The objects in a list, or the only one. */
function toObjects(value: unknown): Fields[] {
  return [value].flat().filter((item) => typeof item === "object" && item !== null) as Fields[];
}
