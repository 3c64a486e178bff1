/**
 * Gives every test a deadline, so that a test which waits for ever fails instead of stopping the run.
 * `deno task test` loads this module before the test files. A test that needs more or less time states
 * its own `timeout`.
 */

/** Generous, because tests run beside others on a busy machine. */
const DEFAULT_MS = Number(Deno.env.get("TEST_DEADLINE_MS") ?? 180_000);

/** Where Deno looks for the place of a test, instead of taking the caller of `Deno.test`. */
const LOCATION = Symbol.for("Deno.test.location");

type TestFunction = (context: Deno.TestContext) => void | Promise<void>;
type Options = Partial<Deno.TestDefinition>;

const register = Deno.test;

Object.assign(Deno, {
  test: new Proxy(register, {
    apply(_target, _self, args: (string | TestFunction | Options)[]) {
      const definition = toDefinition(args);
      const place = findPlace(new Error().stack ?? "");
      Object.assign(definition.fn, { [LOCATION]: place });
      register({ timeout: DEFAULT_MS, ...definition });
    },
  }),
});

/** Turns each form of the arguments of `Deno.test` into the one that is an object. */
function toDefinition(args: (string | TestFunction | Options)[]): Deno.TestDefinition {
  const definition: Options = {};
  for (const arg of args) {
    if (typeof arg === "string") definition.name = arg;
    else if (typeof arg === "function") definition.fn = arg;
    else Object.assign(definition, arg);
  }
  const { fn, name = fn?.name } = definition;
  if (!fn || !name) throw new TypeError("A test needs a name and a function");
  return { ...definition, fn, name };
}

/** Finds the first frame outside this module, as `<url>:<line>:<column>`. */
function findPlace(stack: string): string | undefined {
  const places = [...stack.matchAll(/(file:\S+:\d+:\d+)\)?$/gm)].map(([, place]) => place);
  return places.find((place) => !place?.startsWith(import.meta.url));
}
