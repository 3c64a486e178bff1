/**
 * The command `insforge-ai`. It runs on Node and on Deno. `pack` makes one file of it for the package,
 * which must be in `tools/cli/`.
 */
import { Command, Option } from "commander";
import process from "node:process";
import { addFunctions, describeFunctions } from "./cli/add.ts";
import { createFunction, type Template, TEMPLATES } from "./cli/create.ts";
import { runTask } from "./cli/deno.ts";
import { CommandFailure } from "./cli/failure.ts";
import { type IndexOptions, writeIndexMigration } from "./cli/index_table.ts";
import { initApp } from "./cli/init.ts";
import { readVersion } from "./cli/library.ts";

/** Tools that run with Deno, and what they do. They read their options themselves. */
const TASKS = {
  serve: "run the functions with an embedded InsForge and a simulated OpenRouter",
  test: "run the tests in functions/",
  build: "write one checked file per function and platform, in .local/build/",
  deploy: "deploy the functions, and what they need, to an InsForge project",
  start: "run the functions as one server, with the real InsForge and the real OpenRouter",
  doctor: "show what is configured, what can be reached, and what would fail",
};

const root = process.cwd();
const print = (lines: string[]) => console.log(lines.join("\n"));

const program = new Command("insforge-ai")
  .description("AI functions for an app on InsForge")
  .version(readVersion())
  .helpCommand(false)
  .showHelpAfterError("\nnpx insforge-ai --help lists the commands")
  .enablePositionalOptions();

program.command("init")
  .description("prepare this app; nothing that exists is replaced")
  .action(() => print(initApp(root)));

program.command("list")
  .description("list the built-in functions; a star marks those that this app has")
  .action(() => print(describeFunctions(root)));

program.command("add")
  .description("add built-in functions to this app")
  .argument("<slug...>", "their names")
  .action((slugs: string[]) => print(addFunctions(root, slugs)));

const create = program.command("new")
  .description("write a function of your own, with its test")
  .argument("<slug>", "its name, which is also the last part of its URL");
for (const [name, description] of Object.entries(TEMPLATES)) {
  const others = Object.keys(TEMPLATES).filter((other) => other !== name);
  create.addOption(new Option(`--${name}`, description).conflicts(others));
}
create.action((slug: string, options: Partial<Record<Template, boolean>>) => {
  const [template = "prompt"] = Object.keys(options) as Template[];
  const files = createFunction(root, slug, template);
  print([...files.map((file) => `${file} written`), "", "npx insforge-ai test runs its test"]);
});

program.command("index")
  .description("write the migration that gives a table a search index, for ask-records")
  .argument("<table>", "its name")
  .requiredOption("--columns <names>", "the columns whose text is searched, such as title,body")
  .option("--id <name>", 'the primary key, if it is not "id"')
  .option("--model <id>", "the model that makes the vectors")
  .option("--dimensions <number>", "the length of the vectors, to shorten them")
  .option("--language <name>", 'the language of the texts; "simple" for mixed languages')
  .action((table: string, options: IndexOptions) => {
    print([`${writeIndexMigration(root, table, { ...options, now: Date.now() })} written`]);
  });

for (const [name, description] of Object.entries(TASKS)) {
  program.command(name)
    .description(description)
    .argument("[options...]", `see npx insforge-ai ${name} --help`)
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (options: string[]) => {
      process.exitCode = await runTask(root, name, options);
    });
}

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommandFailure)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
