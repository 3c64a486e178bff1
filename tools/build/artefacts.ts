/** Checks all artefacts of a project together, and writes all of them or none. */
import { dirname, join } from "node:path";
import { type App, openApp } from "../app.ts";
import { type Artefact, toPath } from "./bundle.ts";
import { findProjectFaults } from "./project_gate.ts";
import { findSlugCollisions, findTextFaults } from "./text_gates.ts";

/**
 * Rejects the artefacts when InsForge would reject one of them, or when one would break the others.
 *
 * @throws {Error} with one line per fault, each naming the file.
 */
export async function requireDeployable(
  artefacts: Artefact[],
  app: App = openApp(),
): Promise<void> {
  const cloud = artefacts.filter(({ platform }) => platform === "cloud");
  const faults = [
    ...findSlugCollisions(cloud.map(({ slug }) => slug)),
    ...artefacts.flatMap((artefact) =>
      findTextFaults(artefact).map((fault) => `${toPath(artefact)}: ${fault}`)
    ),
  ];
  if (faults.length === 0) faults.push(...await findProjectFaults(cloud, app));
  if (faults.length > 0) throw new Error(faults.join("\n"));
}

/**
 * Writes artefacts as `<folder>/cloud/<slug>.ts` and `<folder>/self-hosted/<slug>.js`, and removes the
 * artefacts of earlier builds.
 *
 * @throws {Error} as {@link requireDeployable} does; the folder has not changed then.
 */
export async function writeArtefacts(
  artefacts: Artefact[],
  folder: string,
  app: App = openApp(),
): Promise<void> {
  await requireDeployable(artefacts, app);
  for (const platform of ["cloud", "self-hosted"]) await removeFolder(join(folder, platform));
  for (const artefact of artefacts) {
    const path = join(folder, toPath(artefact));
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeTextFile(path, artefact.code);
  }
}

async function removeFolder(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
