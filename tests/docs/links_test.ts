/** The pages refer to each other, and to files, that exist. */
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { exists, list, listAnchors, pages, toProse } from "./pages.ts";

Deno.test("every relative link leads to a file, and every anchor to a heading", () => {
  const broken: string[] = [];
  let count = 0;
  for (const { path, text } of pages) {
    for (const target of readTargets(text)) {
      count++;
      const { pathname, hash } = new URL(target, `file:///${path}`);
      const file = decodeURIComponent(pathname.slice(1));
      const page = pages.find((page) => page.path === file);
      const found = hash ? page && listAnchors(page.text).includes(hash.slice(1)) : exists(file);
      if (!found) broken.push(`${path}: ${target}`);
    }
  }
  assertEquals(broken, []);
  assert(count > 50, `only ${count} links`);
});

Deno.test("every path of the repository in a code span leads to a file or folder", () => {
  const missing: string[] = [];
  let count = 0;
  for (const { path, text } of pages.filter(({ path }) => !path.startsWith("tools/"))) {
    const spans = text.matchAll(
      /`((?:client|docs|functions|migrations|shared|tests|tools)\/[^`]*)`/g,
    );
    for (const [, span = ""] of spans) {
      // A placeholder or a description stands for many paths.
      if (/[<…* ]/.test(span)) continue;
      count++;
      if (!exists(span)) missing.push(`${path}: ${span}`);
    }
  }
  assertEquals(missing, []);
  assert(count > 30, `only ${count} paths`);
});

Deno.test("every page of docs/ is linked from the README, and every picture is shown", () => {
  const readme = pages.find(({ path }) => path === "README.md")!;
  const shown = pages.flatMap(({ path, text }) =>
    readTargets(text).map((target) => new URL(target, `file:///${path}`).pathname.slice(1))
  );
  for (const path of list("docs")) {
    if (path.endsWith(".md")) assert(readme.text.includes(`(${path}`), `${path} in the README`);
    else assert(shown.includes(path), `${path} is shown by no page`);
  }
});

Deno.test("the README is at most 200 lines long", () => {
  const readme = pages.find(({ path }) => path === "README.md")!;
  assertLessOrEqual(readme.text.split("\n").length, 200);
});

Deno.test("every page of docs/ has one title, and an example before its first section", () => {
  for (const { path, text } of pages.filter(({ path }) => path.startsWith("docs/"))) {
    const [opening = ""] = text.split("\n## ");
    assert(/^# [^\n]+\n/.test(text), `${path} begins with its title`);
    assertEquals(listTitles(text), 1, path);
    if (path !== "docs/decisions.md") assert(opening.includes("```"), `${path} starts with code`);
  }
});

Deno.test("every decision says what was weighed, what decided, and when to look again", () => {
  const { text } = pages.find(({ path }) => path === "docs/decisions.md")!;
  const entries = text.split("\n### ").slice(1);
  assert(entries.length > 30, `only ${entries.length} decisions`);
  const missing = entries.filter((entry) =>
    !/\n- Chosen: [\s\S]*\n- Weighed: [\s\S]*\n- Decided by: [\s\S]*\n- Look again /.test(entry)
  );
  assertEquals(missing.map((entry) => entry.split("\n")[0]), []);
});

function listTitles(text: string): number {
  return text.replaceAll(/^```[\s\S]*?^```$/gm, "").match(/^# /gm)?.length ?? 0;
}

/** What a page links to or shows, other hosts left out. */
function readTargets(text: string): string[] {
  const prose = toProse(text.replaceAll(/\[`([^`]*)`/g, "[$1"));
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)];
  const pictures = [...prose.matchAll(/\b(?:src|srcset|href)="([^"]+)"/g)];
  return [...links, ...pictures].map(([, target = ""]) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
}
