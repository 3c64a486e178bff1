/** Commands, settings and data in the pages: they exist, parse, and are accepted. */
import { assert, assertEquals } from "@std/assert";
import { createSettings, settingNames } from "../../shared/settings.ts";
import { startStack } from "../../tools/local/stack.ts";
import { getAccessToken } from "../support/session.ts";
import { type Block, exists, list, listBlocks, pages } from "./pages.ts";

const ROOT = new URL("../../", import.meta.url);
const SETTINGS: Record<string, string> = { PORT: "0", INSFORGE_PORT: "0", OPENROUTER_PORT: "0" };
const DEADLINE_MS = 60_000;
/** Programs that a reader has, or gets with the page's own instructions. */
const PROGRAMS = ["cd", "curl", "docker", "git", "npm", "npx", "deno", "openssl"];
/** Variables that tools and Deno itself read. */
const TOOL_VARIABLES = [
  "INSFORGE_API_KEY",
  "OTEL_DENO",
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "OTEL_EXPORTER_OTLP_PROTOCOL",
  "VITE_INSFORGE_URL",
  "VITE_INSFORGE_ANON_KEY",
  "VITE_FUNCTIONS_URL",
];
/** Settings of InsForge's own AI proxy. */
const OLD_SETTINGS = ["MAX_COMPLETION_TOKENS"];

const { tasks } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", ROOT)));
console.log = () => {};

interface Command {
  place: string;
  /** What is set before the program, by name. */
  variables: Record<string, string>;
  words: string[];
}

Deno.test("every `deno task` that a page names exists, with the options that it shows", () => {
  const unknown: string[] = [];
  for (const { path, text } of pages) {
    for (const [, name = ""] of text.matchAll(/\bdeno task ([a-z-]+)/g)) {
      if (!Object.hasOwn(tasks, name)) unknown.push(`${path}: deno task ${name}`);
    }
  }
  let count = 0;
  for (const { place, words } of listCommands()) {
    const [, name = ""] = /\bdeno task ([a-z-]+)/.exec(words.join(" ")) ?? [];
    if (!name) continue;
    count++;
    const source = readProgram(name);
    for (const option of words.filter((word) => word.startsWith("--"))) {
      if (!source.includes(option)) unknown.push(`${place}: ${name} ${option}`);
    }
  }
  assertEquals(unknown, []);
  assert(count > 10, `only ${count} commands`);
});

Deno.test("every `npx insforge-ai` that a page names is a command of it", () => {
  const source = Deno.readTextFileSync(new URL("tools/cli.ts", ROOT));
  const commands = new Set([...source.matchAll(/program\.command\("(\w+)"\)|^ {2}(\w+): "/gm)]
    .map(([, own, task]) => own ?? task));
  const named = pages.flatMap(({ path, text }) =>
    [...text.matchAll(/\bnpx insforge-ai ([a-z-]+)/g)].map(([, name]) => `${path}: ${name}`)
  );
  assertEquals(named.filter((one) => !commands.has(one.split(": ")[1])), []);
  assert(named.length > 8, `only ${named.length}`);
});

Deno.test("commands start programs that a reader has, with variables and files that exist", () => {
  for (const { place, variables, words } of listCommands()) {
    const [program = "", ...rest] = words;
    assert(PROGRAMS.includes(program), `${place}: ${program}`);
    for (const name of Object.keys(variables)) assert(isVariable(name), `${place}: ${name}`);
    for (const word of rest.filter((word) => /^tools\//.test(word))) {
      assert(exists(word), `${place}: ${word}`);
    }
  }
});

Deno.test("settings in the pages exist and have values that are accepted", () => {
  let count = 0;
  for (const block of listBlocks("ini")) {
    const lines = block.code.split("\n").filter((line) => line && !line.startsWith("#"));
    const values = Object.fromEntries(lines.map((line) => line.split(/=(.*)/).slice(0, 2)));
    const settings = createSettings({ get: (name) => values[name] });
    for (const [name, value] of Object.entries(values)) {
      count++;
      assert(isSetting(name), `${toPlace(block)}: ${name}`);
      // A key that is only hinted at has an ellipsis, which no key may have.
      if (!String(value).includes("…")) assert(settings[name] !== undefined, toPlace(block));
    }
  }
  assert(count > 10, `only ${count} settings`);
});

Deno.test("every setting that a page names in capitals exists", () => {
  const known = new Set<string>([...settingNames, ...TOOL_VARIABLES, ...OLD_SETTINGS, ...CODES]);
  const unknown = pages.filter(({ path }) => path.startsWith("docs/") && path !== "docs/api.md")
    .flatMap(({ path, text }) =>
      [...text.matchAll(/`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=[^`]*)?`/g)]
        .filter(([, name = ""]) => !known.has(name)).map(([, name]) => `${path}: ${name}`)
    );
  assertEquals(unknown, []);
});

Deno.test("JSON in the pages parses", () => {
  const blocks = listBlocks("json");
  assert(blocks.length > 20, `only ${blocks.length} blocks`);
  for (const block of blocks) assertIsJson(block);
});

Deno.test("requests and queries in the pages succeed on the local stack", async (t) => {
  await using stack = await startStack({ get: (name) => SETTINGS[name] });
  const values: Record<string, string> = {
    FUNCTIONS_URL: stack.functionsUrl,
    TOKEN: await getAccessToken(stack),
  };
  // What a page teaches to write is called where that code is tested.
  const curls = listCommands().filter(({ words }) =>
    words[0] === "curl" && stack.slugs.some((slug) => words.join(" ").includes(`_URL/${slug}`))
  );
  for (const { place, words } of curls) {
    await t.step(place, async () => {
      const filled = words.map((word) =>
        word.replaceAll(/\$(\w+)/g, (text, name) => values[name] ?? text)
      );
      const response = await fetch(toRequest(filled));
      const text = await response.text();
      assertEquals(response.status, 200, text);
    });
  }
  for (const block of listBlocks("sql")) {
    await t.step(toPlace(block), async () => {
      const response = await fetch(`${stack.insforgeUrl}/api/database/advance/rawsql`, {
        method: "POST",
        headers: {
          Authorization: `Bearer ${stack.insforge!.secrets.API_KEY}`,
          "Content-Type": "application/json",
        },
        body: JSON.stringify({ query: block.code }),
        signal: AbortSignal.timeout(DEADLINE_MS),
      });
      const text = await response.text();
      assertEquals(response.status, 200, text);
    });
  }
  assert(curls.length > 0, "no page shows a request by curl");
});

/** Codes of errors, which are written like settings. */
const CODES = [
  ...pages.find(({ path }) => path === "docs/troubleshooting.md")!.text
    .split("\n## Errors\n")[1]!.split("\n## ")[0]!.matchAll(/`([A-Z_]+)`/g),
  ...pages.find(({ path }) => path === "docs/client.md")!.text.matchAll(/^\| `([A-Z_]+)`/gm),
].map(([, code = ""]) => code);

/** The commands of all blocks of shell, lines that go on in the next one put together. */
function listCommands(): Command[] {
  return listBlocks("sh").filter(({ page }) => !page.startsWith("tools/")).flatMap((block) => {
    const lines = block.code.replaceAll(/\\\n\s*/g, " ").split("\n");
    return lines.map((line) => toWords(line)).filter((words) => words.length > 0)
      .map((words) => {
        const start = words.findIndex((word) => !/^[A-Z_]+=/.test(word));
        const variables = words.slice(0, start).map((word) => word.split(/=(.*)/).slice(0, 2));
        return {
          place: toPlace(block),
          variables: Object.fromEntries(variables),
          words: words.slice(start),
        };
      });
  });
}

/** The words of a command as a shell splits them, its comment left out. */
function toWords(line: string): string[] {
  const code = line.replace(/(^|\s)#\s.*$/, "");
  return [...code.matchAll(/(?:'[^']*'|"(?:[^"\\]|\\.)*"|[^\s'"])+/g)].map(([word]) =>
    word.replaceAll(/'([^']*)'|"((?:[^"\\]|\\.)*)"/g, (_, plain, quoted) => plain ?? quoted)
  );
}

/** The request that a `curl` command sends. */
function toRequest([, ...words]: string[]): Request {
  const headers = new Headers();
  let [url, body]: (string | undefined)[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === "-H") {
      const [name = "", value = ""] = words[++i]!.split(/:\s*(.*)/);
      headers.set(name, value);
    } else if (word === "-d") body = words[++i];
    else if (/^-[sN]+$/.test(word)) continue;
    else if (word.startsWith("-")) throw new Error(`The test does not know curl's ${word}`);
    else url = word;
  }
  return new Request(url!, {
    method: body === undefined ? "GET" : "POST",
    headers,
    body,
    signal: AbortSignal.timeout(DEADLINE_MS),
  });
}

/** The sources of a task's program, in which its options stand. */
function readProgram(task: string): string {
  const name = task.replaceAll("-", "_");
  const paths = [`tools/${name}.ts`, ...exists(`tools/${name}`) ? list(`tools/${name}`) : []];
  return paths.filter((path) => path.endsWith(".ts") && exists(path))
    .map((path) => Deno.readTextFileSync(new URL(path, ROOT))).join("\n");
}

function isVariable(name: string): boolean {
  return isSetting(name) || TOOL_VARIABLES.includes(name);
}

function isSetting(name: string): name is typeof settingNames[number] {
  return (settingNames as string[]).includes(name);
}

function assertIsJson(block: Block): void {
  try {
    JSON.parse(block.code);
  } catch (error) {
    throw new Error(`${toPlace(block)}: ${error instanceof Error ? error.message : error}`);
  }
}

function toPlace({ page, line }: Block): string {
  return `${page}:${line}`;
}
