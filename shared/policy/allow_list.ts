/** Lists of allowed names from the settings, in which `*` stands for any text. */

/** Length to which a list is cut in an error message. */
const MAX_LIST_CHARS = 400;

/** Whether a list allows every name because one of its entries is `*`. */
export function isOpen(entries: readonly string[]): boolean {
  return entries.includes("*");
}

/** Whether at least one entry matches `name`. */
export function allows(entries: readonly string[], name: string): boolean {
  return isOpen(entries) || entries.some((entry) => matches(entry, name));
}

/**
 * Whether `name` matches `pattern`, in which each `*` stands for any text, including none.
 *
 * Names come from callers, so this must not backtrack: it takes linear time for any pattern, which a
 * regular expression with several `.*` would not.
 */
export function matches(pattern: string, name: string): boolean {
  const [head = "", ...parts] = pattern.split("*");
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

/** The entries as text for an error message: as many as fit, at least the first; "none" if empty. */
export function toListText(entries: readonly string[]): string {
  let text = entries[0] ?? "none";
  for (const [i, entry] of entries.entries()) {
    if (i === 0) continue;
    if (text.length + entry.length > MAX_LIST_CHARS) {
      return `${text} and ${entries.length - i} more`;
    }
    text += `, ${entry}`;
  }
  return text;
}
