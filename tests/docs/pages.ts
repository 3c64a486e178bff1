/** The documentation as the tests read it: pages, their headings, links and fenced blocks. */
const ROOT = new URL("../../", import.meta.url);

/** One Markdown page. */
export interface Page {
  /** Path from the root of the repository, such as `docs/client.md`. */
  path: string;
  text: string;
}

/** A fenced block of a page. */
export interface Block {
  page: string;
  /** Line of the opening fence, counted from 1. */
  line: number;
  language: string;
  code: string;
}

/** Every page: the README, the other pages of the root, `docs/`, and the README of `tools/local`. */
export const pages: Page[] = [
  ...["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"].filter(exists),
  ...list("docs").filter((path) => path.endsWith(".md")),
  "tools/local/README.md",
].map((path) => ({ path, text: Deno.readTextFileSync(new URL(path, ROOT)) }));

/** Every fenced block of every page, in one of these languages. */
export function listBlocks(...languages: string[]): Block[] {
  return pages.flatMap(readBlocks).filter(({ language }) => languages.includes(language));
}

/** The page without its fenced blocks and code spans, so that only prose is left. */
export function toProse(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```$/gm, "").replaceAll(/`[^`\n]*`/g, "");
}

/** The anchors of a page's headings, as GitHub makes them. */
export function listAnchors(text: string): string[] {
  const outside = text.replaceAll(/^```[\s\S]*?^```$/gm, "");
  return [...outside.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = ""]) =>
    heading.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-")
  );
}

/** The files of a folder, as paths from the root of the repository. */
export function list(folder: string): string[] {
  return [...Deno.readDirSync(new URL(`${folder}/`, ROOT))]
    .map(({ name }) => `${folder}/${name}`).sort();
}

/** Whether the repository has a file or folder at this path. */
export function exists(path: string): boolean {
  try {
    Deno.statSync(new URL(path, ROOT));
    return true;
  } catch {
    return false;
  }
}

function readBlocks({ path, text }: Page): Block[] {
  const found = text.matchAll(/^( *)```(\w+)[^\n]*\n([\s\S]*?)^\1```$/gm);
  return [...found].map(({ index, 2: language = "", 3: code = "" }) => ({
    page: path,
    line: text.slice(0, index).split("\n").length,
    language,
    code,
  }));
}
