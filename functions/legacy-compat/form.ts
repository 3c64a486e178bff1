/** Bodies of HTML forms, which the deprecated proxy accepted. */
import { invalidInput } from "../../shared/errors.ts";

const MAX_DEPTH = 10;

type Branch = Map<string, string | Branch>;

/**
 * Reads a form's fields; `messages[0][role]=user` nests as in Express.
 *
 * @returns an object of texts, objects and lists.
 * @throws {ApiError} 400 `INVALID_INPUT` for names that nest deeper than 10 levels.
 */
export function parseForm(text: string): unknown {
  const root: Branch = new Map();
  for (const [name, value] of new URLSearchParams(text)) {
    const path = name.replaceAll("]", "").split("[");
    if (path.length > MAX_DEPTH) {
      throw invalidInput(`The form must not nest deeper than ${MAX_DEPTH} levels`);
    }
    const leaf = path.pop()!;
    let branch = root;
    for (const key of path) {
      const name = toName(key, branch);
      const next = branch.get(name);
      const child: Branch = next instanceof Map ? next : new Map();
      branch.set(name, child);
      branch = child;
    }
    branch.set(toName(leaf, branch), value);
  }
  return Object.fromEntries([...root].map(([key, node]) => [key, toValue(node)]));
}

/** `[]` is the next index of a list. */
function toName(key: string, branch: Branch): string {
  return key || String(branch.size);
}

/** An object whose keys are all numbers is a list. */
function toValue(node: string | Branch): unknown {
  if (typeof node === "string") return node;
  const values = [...node].map(([key, child]) => [key, toValue(child)] as const);
  const isList = values.every(([key]) => /^\d+$/.test(key));
  return isList
    ? values.toSorted(([a], [b]) => Number(a) - Number(b)).map(([, value]) => value)
    : Object.fromEntries(values);
}
