/** The parts of a request that a model sees: texts, images, files, audio and video. */
import type { Fields } from "../fields.ts";

/**
 * Lists all parts of a request, wherever an API takes them: the content of messages and of Responses
 * items, results of tools, images of earlier answers, parsed files, references for a drawing, and the
 * parts in Anthropic's tool results and documents.
 *
 * @returns the parts in the order in which they stand; texts that are not parts are left out.
 */
export function listParts({ messages, input, input_references }: Fields): Fields[] {
  const contents = [messages, input].flatMap(toObjects).flatMap((item) => [
    item.content,
    item.output,
    item.images,
    toObjects(item.annotations).flatMap(({ file }) => Object(file).content),
  ]);
  return [...contents, input_references].flatMap(toObjects).flatMap(withNestedParts);
}

/** A part, and those in the content of a tool result or in the source of a document. */
function withNestedParts(part: Fields): Fields[] {
  const nested = [part.content, Object(part.source).content].flatMap(toObjects);
  return [part, ...nested.flatMap(withNestedParts)];
}

/** The objects in a list, or the object itself when it is not in a list. */
function toObjects(value: unknown): Fields[] {
  return [value].flat().filter((item) => typeof item === "object" && item !== null) as Fields[];
}
