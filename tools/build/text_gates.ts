/** InsForge's rules for the text and slug of a function, and its worker's rules for a script. */
import type { Artefact } from "./bundle.ts";
import { findRedeclarations } from "./redeclaration_gate.ts";

/** The parameters that the worker's `new Function` has beside the script. */
const WORKER_PARAMETERS = [
  "exports",
  "module",
  "createClient",
  "Deno",
  "encodeBase64",
  "decodeBase64",
];

/**
 * Finds what would make InsForge reject or misread one file.
 *
 * @returns one sentence for each fault.
 */
export function findTextFaults(artefact: Artefact): string[] {
  const faults = findSlugFaults(artefact.slug);
  // Anywhere counts, strings and comments included: the platform searches the text.
  if (artefact.code.includes("Deno.serve(")) faults.push('it contains the text "Deno.serve("');
  return artefact.platform === "cloud"
    ? [...faults, ...findModuleFaults(artefact.code)]
    : [...faults, ...findScriptFaults(artefact.code)];
}

/** Finds slugs that a project's router cannot distinguish, because it treats `-` as `_`. */
export function findSlugCollisions(slugs: string[]): string[] {
  return slugs.filter((slug, i) =>
    slugs.findIndex((other) => other.replaceAll("-", "_") === slug.replaceAll("-", "_")) < i
  ).map((slug) => `the slug "${slug}" differs from another only by - and _`);
}

function findSlugFaults(slug: string): string[] {
  if (!/^[A-Za-z0-9_-]+$/.test(slug)) return [`the slug "${slug}" must be letters, digits, _ or -`];
  return slug.toLowerCase() === "health" ? [`the slug "${slug}" is reserved`] : [];
}

function findModuleFaults(code: string): string[] {
  const faults = findRedeclarations(code);
  if (!code.startsWith("// @ts-nocheck\n")) faults.push('its first line is not "// @ts-nocheck"');
  if (code.includes("module.exports")) {
    faults.push(
      'it contains the text "module.exports", and the platform would take it for a script',
    );
  }
  return faults;
}

/** Runs the script as the worker does. It must not read a setting before it is called. */
function findScriptFaults(code: string): string[] {
  const refuse = () => {
    throw new Error("it reads a setting before it is called");
  };
  const module: { exports: unknown } = { exports: {} };
  try {
    const run = new Function(...WORKER_PARAMETERS, code);
    run(module.exports, module, refuse, { env: { get: refuse } }, btoa, atob);
  } catch (error) {
    return [`it does not load: ${error instanceof Error ? error.message : error}`];
  }
  return typeof module.exports === "function" ? [] : ["it exports no function"];
}
