/** `insforge-ai new`: a function of the app's own, from a template. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeNew } from "./app_files.ts";
import { CommandFailure } from "./failure.ts";
import { LIBRARY } from "./library.ts";

/** What a template is for. Each is a folder of `templates/`. */
export const TEMPLATES = {
  prompt: "a prompt of the function, and one answer",
  assistant: "an assistant whose prompt is in prompts/<slug>.md, as a stream",
  records: "an answer from rows that the caller may read",
} as const;

/** The name of a template. */
export type Template = keyof typeof TEMPLATES;

/** The slug in the templates. */
const PLACEHOLDER = "my-function";
const SLUG = /^[a-z0-9]+(?:[-_][a-z0-9]+)*$/;
/** InsForge uses this path itself. */
const RESERVED = "health";

/**
 * Writes a function, its test, and the prompt of an assistant.
 *
 * @returns the paths of the files, from the app's folder.
 * @throws {CommandFailure} when the slug is invalid, or the function exists.
 */
export function createFunction(root: string, slug: string, template: Template): string[] {
  if (!SLUG.test(slug) || slug === RESERVED) {
    throw new CommandFailure(
      `The slug "${slug}" must be small letters, digits and hyphens, and not "${RESERVED}"`,
    );
  }
  const files = [
    ["index.ts", `functions/${slug}/index.ts`],
    ["index_test.ts", `functions/${slug}/index_test.ts`],
    ["prompt.md", `prompts/${slug}.md`],
  ] as const;
  const folder = join(LIBRARY, "tools/cli/templates", template);
  const present = files.filter(([source]) => existsSync(join(folder, source)));
  const existing = present.filter(([, target]) => existsSync(join(root, target)));
  if (existing.length > 0) {
    throw new CommandFailure(
      `${existing.map(([, target]) => target).join(" and ")} exists already`,
    );
  }
  return present.map(([source, target]) => {
    const text = readFileSync(join(folder, source), "utf8").replaceAll(PLACEHOLDER, slug);
    writeNew(join(root, target), text);
    return target;
  });
}
