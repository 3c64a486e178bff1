/** The pages for coding agents are those that the documentation makes, and lead to files that exist. */
import { assert, assertEquals, assertLessOrEqual, assertMatch } from "@std/assert";
import {
  createLlmsText,
  createSkill,
  LLMS_FILE,
  SKILL_FILE,
} from "../../tools/docs/agent_pages.ts";
import { createDocument } from "../../tools/reference/document.ts";
import { exists, pages } from "./pages.ts";

/** Limits of https://agentskills.io/specification. */
const MAX_DESCRIPTION_CHARS = 1024;
const MAX_SKILL_LINES = 500;

const docs = pages.filter(({ path }) => path.startsWith("docs/"));
const skill = Deno.readTextFileSync(SKILL_FILE);
const llms = Deno.readTextFileSync(LLMS_FILE);

Deno.test("the skill and llms.txt are what `deno task docs` writes", async () => {
  assertEquals(skill, createSkill(docs), SKILL_FILE);
  assertEquals(llms, createLlmsText(docs, await createDocument()), LLMS_FILE);
});

Deno.test("the skill has the name of its folder and a description within the limits", () => {
  const [, matter = ""] = /^---\n([\s\S]*?)\n---\n/.exec(skill) ?? [];
  const [, description = ""] = /description: >-\n {2}(.+)/.exec(matter) ?? [];
  assertMatch(matter, /^name: insforge-ai$/m);
  assert(description.startsWith("Use this skill when"));
  assertLessOrEqual(description.length, MAX_DESCRIPTION_CHARS);
  assertLessOrEqual(skill.split("\n").length, MAX_SKILL_LINES);
});

Deno.test("every file that the skill and llms.txt name exists", () => {
  const installed = [...skill.matchAll(/node_modules\/insforge-ai-functions\/([\w./-]+)/g)];
  const linked = [...llms.matchAll(/\]\(([\w./-]+)/g)];
  assert(installed.length > 15 && linked.length > 30);
  const missing = [...installed, ...linked].map(([, path]) => path!).filter((path) =>
    !exists(path)
  );
  assertEquals(missing, []);
});
