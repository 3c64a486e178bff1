/**
 * Packs the client, installs it in an empty project, type-checks a use of it there and runs that on
 * Node. A program: it alone needs npm, Node and the bundler, so that whoever starts it needs Deno only.
 *
 * Arguments: the functions' address and a token. Output: a {@link PackageReport}.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import ts from "typescript";
import { bundleClient, packFolder, writePackage } from "../../tools/pack/client_package.ts";

/** What was found. */
export interface PackageReport {
  /** Bytes of the client, minified and gzipped. */
  size: number;
  /** The files it is bundled from. */
  inputs: string[];
  /** The files that are installed, with the text of the declarations. */
  installed: Record<string, string>;
  /** What TypeScript says of its use, by way of finding modules. */
  faults: Record<string, string[]>;
  /** What its use says on Node. */
  node: { version: string; text: string; parts: string[]; code: string };
}

const LANGUAGE = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
const LOCAL = fileURLToPath(new URL("../../.local/", import.meta.url));

const USE = `
import { AiError, type ChatAnswer, createAiClient, type StreamPart } from "insforge-ai-client";

declare const process: { argv: string[]; version: string };
const [, , functionsUrl = "", token] = process.argv;
const ai = createAiClient({ functionsUrl, getAccessToken: ({ refresh }) => refresh ? null : token });

const answer: ChatAnswer = await ai.chat({ messages: [{ role: "user", content: "Hello" }] });
const parts: StreamPart["type"][] = [];
for await (const part of ai.stream({ prompt: "Hello", temperature: 0 })) {
  parts.push(part.type);
  if (part.type === "error") throw part.error;
  if (part.type === "tool-call") JSON.parse(part.arguments);
}
const refusal = await createAiClient({ functionsUrl, getAccessToken: () => null })
  .chat({ prompt: "Hello" }).catch((error: unknown) => error);
const code = refusal instanceof AiError ? refusal.code : "none";
console.log(JSON.stringify({ version: process.version, text: answer.text, parts, code }));

export const uses = [
  () => ai.generateImage({ prompt: "a", save: { bucket: "b" } }).then(({ images: [image] }) =>
    image && ("url" in image ? image.url : image.data_url)
  ),
  () => ai.embeddings({ input: ["a"] }).then(({ embeddings }) => embeddings[0]?.[0]?.toFixed()),
  () => ai.summarizeRecords({ table: "t", filters: [{ column: "a", op: "in", value: [1] }] }),
  // @ts-expect-error a prompt is text
  () => ai.chat({ prompt: 1 }),
  // @ts-expect-error roles are known
  () => ai.chat({ messages: [{ role: "nobody", content: "" }] }),
  // @ts-expect-error streams have a method of their own
  () => ai.summarizeRecords({ table: "t", stream: true }),
  // @ts-expect-error "in" takes a list
  () => ai.summarizeRecords({ table: "t", filters: [{ column: "a", op: "in", value: 1 }] }),
  // @ts-expect-error answers are typed as well
  () => ai.embeddings({ input: "a" }).then(({ vectors }) => vectors),
  // @ts-expect-error the address is needed
  () => createAiClient({ getAccessToken: () => null }),
];
`;

await Deno.mkdir(LOCAL, { recursive: true });
const project = await Deno.makeTempDir({ dir: LOCAL, prefix: "package-" });
try {
  console.log(JSON.stringify(await examine(project)));
} finally {
  await Deno.remove(project, { recursive: true });
}

async function examine(project: string): Promise<PackageReport> {
  const source = join(project, "source");
  await Deno.mkdir(source);
  await writePackage(source);
  const tarball = await packFolder(source, project);
  await Deno.writeTextFile(join(project, "package.json"), '{"private":true,"type":"module"}');
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", tarball], project);

  const use = join(project, "use.ts");
  await Deno.writeTextFile(use, USE);
  const { outputText } = ts.transpileModule(USE, { compilerOptions: LANGUAGE });
  await Deno.writeTextFile(join(project, "use.js"), outputText);
  const { code, inputs } = await bundleClient({ minify: true });
  return {
    size: gzipSync(code).length,
    inputs,
    installed: await readFolder(join(project, "node_modules/insforge-ai-client")),
    faults: {
      bundler: check(use, ts.ModuleKind.ESNext, ts.ModuleResolutionKind.Bundler),
      nodenext: check(use, ts.ModuleKind.NodeNext, ts.ModuleResolutionKind.NodeNext),
    },
    node: JSON.parse(await run("node", ["use.js", ...Deno.args], project)),
  };
}

function check(
  file: string,
  module: ts.ModuleKind,
  moduleResolution: ts.ModuleResolutionKind,
): string[] {
  const program = ts.createProgram([file], {
    ...LANGUAGE,
    module,
    moduleResolution,
    lib: ["lib.es2022.d.ts", "lib.dom.d.ts"],
    types: [],
    noEmit: true,
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    verbatimModuleSyntax: true,
  });
  return ts.getPreEmitDiagnostics(program).map(({ messageText, file, start = 0 }) => {
    const line = file && file.getLineAndCharacterOfPosition(start).line + 1;
    return `${file?.fileName}:${line} ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
  });
}

async function run(program: string, args: string[], cwd: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args, cwd }).output();
  if (!success) throw new Error(`${program} failed: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

async function readFolder(folder: string): Promise<Record<string, string>> {
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  const texts = names.map(async (name) => [name, await Deno.readTextFile(join(folder, name))]);
  return Object.fromEntries(await Promise.all(texts));
}
