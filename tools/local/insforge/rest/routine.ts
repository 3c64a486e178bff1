/** Finds the function that a call means, among those of the same name. */

import type { Catalog, Routine } from "./catalog.ts";
import { RestError } from "./rest_error.ts";
import { suggest } from "./suggestion.ts";

/**
 * Finds the function `name` whose parameters match the `given` arguments.
 *
 * @param posted whether a body was sent; a function with one unnamed JSON parameter takes all of it
 * @throws {RestError} 404 `PGRST202` when none matches, 300 `PGRST203` when several do
 */
export function findRoutine(
  { functions }: Catalog,
  name: string,
  { given, posted }: { given: string[]; posted: boolean },
): Routine {
  const named = functions.filter((routine) => routine.name === name);
  const fitting = named.filter((routine) => takes(routine, given));
  const found = fitting.length > 0 || !posted ? fitting : named.filter(takesWholeBody);
  const [only] = found;
  if (only && found.length === 1) return only;
  if (found.length > 1) throw ambiguous(found);
  throw unknown(functions, name, { given, posted, named });
}

/** Whether the only parameter is an unnamed JSON value. */
export function takesWholeBody({ parameters }: Routine): boolean {
  const [only, ...others] = parameters;
  return others.length === 0 && only?.name === "" && ["json", "jsonb"].includes(only.type);
}

function takes({ parameters }: Routine, given: string[]): boolean {
  return given.every((name) => parameters.some((parameter) => parameter.name === name)) &&
    parameters.every(({ name, required }) => !required || given.includes(name));
}

function ambiguous(found: Routine[]): RestError {
  const signatures = found.map(({ name, parameters }) =>
    `public.${name}(${parameters.map((each) => `${each.name} => ${each.type}`).join(", ")})`
  );
  return new RestError(
    300,
    "PGRST203",
    `Could not choose the best candidate function between: ${signatures.join(", ")}`,
    {
      hint:
        "Try renaming the parameters or the function itself in the database so function overloading can be resolved",
    },
  );
}

function unknown(
  functions: Routine[],
  name: string,
  { given, posted, named }: { given: string[]; posted: boolean; named: Routine[] },
): RestError {
  const names = [...given].sort();
  const list = names.join(", ");
  const parameters = names.length === 0
    ? " without parameters"
    : ` with parameter${names.length > 1 ? "s" : ""} ${list}`;
  const whole = posted ? " or with a single unnamed json/jsonb parameter" : "";
  return new RestError(
    404,
    "PGRST202",
    `Could not find the function public.${name}${
      names.length === 0 ? " without parameters" : `(${list})`
    } in the schema cache`,
    {
      details:
        `Searched for the function public.${name}${parameters}${whole}, but no matches were found in the schema cache.`,
      hint: hintFor(functions, name, { list, named }),
    },
  );
}

function hintFor(
  functions: Routine[],
  name: string,
  { list, named }: { list: string; named: Routine[] },
): string | null {
  const meant = named.length === 0
    ? suggest(name, functions.map((routine) => routine.name))
    : suggest(`(${list})`, named.map(signatureOf));
  if (meant === undefined) return null;
  const shown = named.length === 0 ? meant : name + meant;
  return `Perhaps you meant to call the function public.${shown}`;
}

function signatureOf({ parameters }: Routine): string {
  return `(${parameters.map((parameter) => parameter.name).sort().join(", ")})`;
}
