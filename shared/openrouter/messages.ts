/** Messages of a model, whose providers differ in the form of some fields. */

/**
 * The text of a message's content, or of a piece of it.
 *
 * @param content text, or a list of parts, of which those without text are passed over.
 * @returns the text; empty when there is none.
 */
export function toContentText(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.map((part) => {
    const { text } = Object(part);
    return typeof text === "string" ? text : "";
  }).join("");
}

/** The arguments of a tool call as JSON text; some servers send an object. */
export function toArguments(value: unknown): string {
  if (typeof value === "string") return value;
  return value === null || value === undefined ? "" : JSON.stringify(value);
}
