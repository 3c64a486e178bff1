/** The files to deploy: built anew, so that they are what the source is, and judged before they leave. */
import { requireDeployable } from "../build/artefacts.ts";
import { type Artefact, bundleFunctions, type Platform } from "../build/bundle.ts";
import { DeployFailure } from "./failure.ts";

/**
 * Bundles the functions of these slugs; without slugs, all.
 *
 * @returns gives their artefacts for a platform, once these have passed every gate.
 * @throws {DeployFailure} `notFound` for a slug that no function has.
 */
export async function prepareArtefacts(
  slugs: string[],
): Promise<(platform: Platform) => Promise<Artefact[]>> {
  const all = await bundleFunctions();
  const known = new Set(all.map(({ slug }) => slug));
  const unknown = slugs.filter((slug) => !known.has(slug));
  if (unknown.length > 0) {
    throw new DeployFailure(
      `There is no function ${unknown.join(", ")}; there are ${[...known].join(", ")}`,
      "notFound",
    );
  }
  return async (platform) => {
    const artefacts = all.filter((one) =>
      one.platform === platform && (slugs.length === 0 || slugs.includes(one.slug))
    );
    await requireDeployable(artefacts);
    return artefacts;
  };
}
