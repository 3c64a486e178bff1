/** Finds the InsForge project to deploy to, and its key. */
import { createSettings, type Environment } from "../../shared/settings.ts";
import { DeployFailure } from "./failure.ts";

/** URL and administrator's key of a project. The key is secret. */
export interface ProjectLink {
  url: string;
  key: string;
}

/** The file in which InsForge's CLI keeps the project of a folder. */
export const LINK_FILE = ".insforge/project.json";

/**
 * Finds the project. `INSFORGE_BASE_URL` and `INSFORGE_API_KEY` in the environment come first; the
 * link file gives what they lack. The key in the file is used for the host in the file only.
 *
 * @param file the link file; it may be missing.
 * @throws {DeployFailure} `notLinked` without a URL, `noKey` without a key for it.
 */
export async function readLink(environment: Environment, file = LINK_FILE): Promise<ProjectLink> {
  const linked = await readLinkFile(file);
  const url = createSettings(environment).INSFORGE_BASE_URL ?? linked?.url;
  if (!url) {
    throw new DeployFailure(
      `No project: set INSFORGE_BASE_URL and INSFORGE_API_KEY, or link one with "npx @insforge/cli link"`,
      "notLinked",
    );
  }
  const key = environment.get("INSFORGE_API_KEY")?.trim() ||
    (linked?.url === url ? linked.key : undefined);
  if (!key) {
    throw new DeployFailure(`No key for ${url}: set INSFORGE_API_KEY (ik_…)`, "noKey");
  }
  // `fetch` would refuse the header, and the project would seem to be unreachable.
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new DeployFailure(
      `The key for ${url} is invalid: INSFORGE_API_KEY must be printable ASCII on one line`,
      "noKey",
    );
  }
  return { url, key };
}

async function readLinkFile(file: string): Promise<ProjectLink | undefined> {
  let text: string;
  try {
    text = await Deno.readTextFile(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  try {
    const { oss_host, api_key } = JSON.parse(text);
    const url = createSettings({ get: () => oss_host }).INSFORGE_BASE_URL;
    if (url && typeof api_key === "string") return { url, key: api_key };
  } catch {
    // The text holds a key, and the error of the parser may quote it.
  }
  throw new DeployFailure(
    `${file} holds no URL and key of a project; link it again with "npx @insforge/cli link"`,
    "notLinked",
  );
}
