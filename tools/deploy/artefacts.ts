/** Builds the files to deploy from the current source, and checks them before they are sent. */
import type { App } from "../app.ts";
import { requireDeployable } from "../build/artefacts.ts";
import { type Artefact, bundleFunctions, type Platform } from "../build/bundle.ts";
import { DeployFailure } from "./failure.ts";

/**
 * Bundles the app's functions with these slugs; without slugs, all functions.
 *
 * @returns a function that checks the artefacts of a platform and returns them.
 * @throws {DeployFailure} `notFound` for an unknown slug.
 */
export async function prepareArtefacts(
  app: App,
  slugs: string[],
): Promise<(platform: Platform) => Promise<Artefact[]>> {
  const all = await bundleFunctions(app);
  const known = new Set(all.map(({ slug }) => slug));
  const unknown = slugs.filter((slug) => !known.has(slug));
  if (unknown.length > 0) {
    throw new DeployFailure(
      `Unknown function ${unknown.join(", ")}; the functions are ${[...known].join(", ")}`,
      "notFound",
    );
  }
  return async (platform) => {
    const artefacts = all.filter((one) =>
      one.platform === platform && (slugs.length === 0 || slugs.includes(one.slug))
    );
    await requireDeployable(artefacts, app);
    return artefacts;
  };
}
