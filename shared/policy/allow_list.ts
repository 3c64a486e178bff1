/** Names that a setting allows, with `*` for any text; whoever is refused learns what is allowed. */

/** How much of a list a message holds. */
const MAX_LISTED_CHARS = 400;

/** Whether a list allows everything, as `*` does. */
export function isOpen(entries: readonly string[]): boolean {
  return entries.includes("*");
}

/** Whether one of the entries is the name, or matches it. */
export function allows(entries: readonly string[], name: string): boolean {
  return entries.some((entry) => matches(entry, name));
}

/**
 * Whether a name has a pattern's form, every `*` being any text, also none. Without backtracking, as
 * both a project's patterns and strangers' names come here.
 */
export function matches(pattern: string, name: string): boolean {
  const [head, ...parts] = pattern.split("*");
  const tail = parts.pop();
  if (tail === undefined) return name === head;
  if (!name.startsWith(head)) return false;
  let end = head.length;
  for (const part of parts) {
    const at = name.indexOf(part, end);
    if (at < 0) return false;
    end = at + part.length;
  }
  return name.endsWith(tail) && name.length - tail.length >= end;
}

/** The entries for a message, cut where they are many. */
export function describe(entries: readonly string[]): string {
  let text = entries[0] ?? "none";
  for (const [i, entry] of entries.entries()) {
    if (i === 0) continue;
    if (text.length + entry.length > MAX_LISTED_CHARS) {
      return `${text} and ${entries.length - i} more`;
    }
    text += `, ${entry}`;
  }
  return text;
}
