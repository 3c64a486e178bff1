/** The examples in the client's docstrings compile and run. */
import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { COMPILER_OPTIONS } from "../../tools/compiler_options.ts";
import { createExampleContext } from "./example_context.ts";
import { openPage } from "./page.ts";

const CLIENT = new URL("../../client/", import.meta.url);
const MODULE = new URL("mod.ts", CLIENT).href;
const LOCAL = new URL("../../.local/", import.meta.url);
const MODULES = Deno.readDirSync(CLIENT).map(({ name }) => name)
  .filter((name) => name.endsWith(".ts")).toArray().sort();

/** The names of the context and of the client that examples use. */
const GIVEN = "ai, insforge, functionsUrl, baseUrl, anonKey, token, session, output, console";
const TYPES = ["AiClientOptions", "ChatMessage", "ChatRequest", "GetAccessToken", "Tool"];

interface Example {
  /** Such as `mod.ts:12`. */
  place: string;
  code: string;
}

const examples = MODULES.flatMap((name) => {
  const text = Deno.readTextFileSync(new URL(name, CLIENT));
  return [...text.matchAll(/^[ ]*\* ```ts\n([\s\S]*?)^[ ]*\* ```$/gm)].map((found): Example => ({
    place: `${name}:${text.slice(0, found.index).split("\n").length}`,
    code: found[1]!.replaceAll(/^[ ]*\* ?/gm, ""),
  }));
});

Deno.test("every example in the client's docstrings compiles and runs", async (t) => {
  assert(examples.length >= 20, `only ${examples.length} examples`);
  await Deno.mkdir(LOCAL, { recursive: true });
  const folder = await Deno.makeTempDir({ dir: fileURLToPath(LOCAL), prefix: "examples-" });
  try {
    const paths = examples.map((_, index) => `${folder}/example_${index}.ts`);
    for (const [index, example] of examples.entries()) {
      await Deno.writeTextFile(paths[index]!, toModule(example));
    }
    await t.step("all of them compile", () => assertEquals(compile(paths), []));
    for (const [index, example] of examples.entries()) {
      await t.step(example.place, async () => {
        await using context = createExampleContext();
        using _page = openPage("https://app.example.com/settings?code=c&connect_state=s");
        const { run } = await import(`file://${paths[index]}`);
        await run(context);
        const isDeclaration = /AiClientOptions|GetAccessToken|For a project|useChat|useLocalRuntime/
          .test(
            example.code,
          );
        assert(isDeclaration || context.calls.length > 0, "the example calls no function");
      });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("every function, class and method of client/mod.ts has an example", () => {
  const program = ts.createProgram([fileURLToPath(MODULE)], { allowImportingTsExtensions: true });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(fileURLToPath(MODULE))!;
  const missing: string[] = [];
  const require = (symbol: ts.Symbol) => {
    const tags = symbol.getJsDocTags(checker).map(({ name }) => name);
    if (!tags.includes("example")) missing.push(symbol.name);
  };
  for (const exported of checker.getExportsOfModule(checker.getSymbolAtLocation(source)!)) {
    const symbol = exported.flags & ts.SymbolFlags.Alias
      ? checker.getAliasedSymbol(exported)
      : exported;
    if (symbol.flags & (ts.SymbolFlags.Function | ts.SymbolFlags.Class)) require(symbol);
    if (!["AiClient", "ConnectClient"].includes(symbol.name)) continue;
    for (const member of symbol.members?.values() ?? []) {
      if (member.flags & ts.SymbolFlags.Method) require(member);
    }
  }
  assertEquals(missing, []);
});

Deno.test("every exported symbol of the client is documented", async () => {
  const files = MODULES.map((name) => fileURLToPath(new URL(name, CLIENT)));
  const args = ["doc", "--lint", ...files];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  assert(success, new TextDecoder().decode(stderr));
});

function compile(paths: string[]): string[] {
  const program = ts.createProgram(paths, { ...COMPILER_OPTIONS, noEmit: true });
  return paths.flatMap((path) => {
    const source = program.getSourceFile(path)!;
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
      .map(({ messageText }) => `${path}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`);
  });
}

/** Wraps an example in a module that exports it as a function of the context. */
function toModule({ code }: Example): string {
  const isImport = (line: string) => line.startsWith("import ");
  const lines = code.split("\n");
  return [
    'import { createChatTransport, type UiMessage } from "../../client/ai_sdk.ts";',
    'import { createChatModelAdapter, type ThreadMessage } from "../../client/assistant_ui.ts";',
    'import { createChatConnection } from "../../client/tanstack.ts";',
    `import { AiError, createAiClient, ${
      TYPES.map((name) => `type ${name}`)
    } } from "../../client/mod.ts";`,
    `import type { ExampleContext } from "../../tests/client/example_context.ts";`,
    ...lines.filter(isImport),
    `export async function run({ ${GIVEN} }: ExampleContext) {`,
    "{",
    ...lines.filter((line) => !isImport(line)),
    "}",
    "}",
  ].join("\n");
}
