/** Pages for coding agents, made from the documentation: a skill, and `llms.txt`. */
import config from "../../deno.json" with { type: "json" };
import type { ReferenceDocument } from "../reference/published.ts";

/** A page of the documentation. */
export interface DocsPage {
  /** Such as `docs/client.md`. */
  path: string;
  text: string;
}

/** Where the skill is written. */
export const SKILL_FILE = "skills/insforge-ai/SKILL.md";
/** Where the list of pages is written. */
export const LLMS_FILE = "llms.txt";

/** The page that leads through everything; the skill is this page. */
const GUIDE = "docs/add-to-an-app.md";
/** Pages for people who change this project. */
const INTERNAL = ["docs/decisions.md", "docs/performance.md"];
/** Where an agent finds the other pages, once it has installed the package. */
const INSTALLED = "node_modules/insforge-ai-functions/";

const DESCRIPTION = "Use this skill when an app on InsForge needs AI: chat, streaming answers, " +
  "summaries of or questions about the user's own rows, embeddings, images, video, speech, or " +
  "functions of its own that call a model through OpenRouter. It covers the npm package " +
  "insforge-ai-functions: installing it, connecting a React, Next.js or Vite front end, prompts " +
  "on the server, limits on what users may spend, and deployment. Use it instead of writing calls " +
  "to OpenRouter by hand and instead of the deprecated insforge.ai methods.";

const RULES = `\
## Rules

- Never put \`OPENROUTER_API_KEY\` into front-end code or into a variable that begins with \`VITE_\` or \`NEXT_PUBLIC_\`.
- Call the functions as the signed-in user. Do not make calls without a session work, and do not send the anon key or the API key in place of the user's token.
- Do not write fetch calls to OpenRouter: \`add\` a function, or write one with \`new\`.
- Set limits before you deploy, and tell the user which you set.
- Check your work: \`npx insforge-ai serve\`, then sign in as a demo user and look at a streamed answer in the app.
`;

/** The skill: the guide with rules, and links into the installed package. */
export function createSkill(pages: DocsPage[]): string {
  const guide = pages.find(({ path }) => path === GUIDE)!.text;
  const [title = "", ...rest] = guide.split("\n");
  const list = pages.filter(isPublic)
    .map((page) => `| ${readQuestion(page)} | \`${INSTALLED}${page.path}\` |`);
  return [
    "---",
    "name: insforge-ai",
    "description: >-",
    `  ${DESCRIPTION}`,
    "license: MIT",
    "metadata:",
    "  author: insforge-ai-functions",
    `  version: "${config.version}"`,
    "---",
    "",
    title,
    "",
    `<!-- Written by \`deno task docs\` from ${GUIDE} and the other pages. -->`,
    ...rest.map((line) => line.replaceAll(/\]\((\.\.\/)?([\w./-]+)/g, toInstalled)),
    RULES,
    "## More pages",
    "",
    "The installed package has them:",
    "",
    "| question | file |",
    "| --- | --- |",
    ...list,
    "",
  ].join("\n");
}

/** The list of pages and functions, in the form of https://llmstxt.org. */
export function createLlmsText(pages: DocsPage[], { tags }: ReferenceDocument): string {
  const line = (page: DocsPage) => `- [${readTitle(page)}](${page.path}): ${readQuestion(page)}`;
  const [guides, others] = [pages.filter(({ path }) => path === GUIDE), pages.filter(isPublic)];
  return [
    "# insforge-ai-functions",
    "",
    "> The AI back end for apps on InsForge: edge functions for chat, streams, summaries, search, " +
    "embeddings, images and more, which verify the user's session, keep OpenRouter's key on the " +
    "server, read data as the user and limit what users spend; a browser client; a command.",
    "",
    "## Start",
    "",
    ...guides.map(line),
    `- [Skill for coding agents](${SKILL_FILE}): the same guide, with rules`,
    "- [Examples](examples/README.md): whole apps with Vite and Next.js",
    "",
    "## Pages",
    "",
    ...others.map(line),
    "",
    "## Functions",
    "",
    ...tags.map(({ name, description = "" }) =>
      `- [${name}](docs/api.md#${name}): ${description.split("\n")[0]}`
    ),
    "",
  ].join("\n");
}

function isPublic({ path }: DocsPage): boolean {
  return path !== GUIDE && !INTERNAL.includes(path);
}

function readTitle({ text }: DocsPage): string {
  return /^# (.+)/.exec(text)![1]!;
}

/** The question that a page answers, which is its first paragraph. */
function readQuestion({ text }: DocsPage): string {
  return text.split("\n\n")[1]!.replaceAll(/\[([^\]]+)\]\([^)]*\)/g, "$1");
}

/** Links of a page in `docs/` lead elsewhere from the folder of the skill. */
function toInstalled(_link: string, isUp: string | undefined, path: string): string {
  return `](${INSTALLED}${isUp ? "" : "docs/"}${path}`;
}
