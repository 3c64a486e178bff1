/** Replaces the code of one function, and puts the old code back when that fails. */
import { openApp } from "../app.ts";
import type { DeploymentResult } from "@insforge/shared-schemas";
import type { Platform } from "../build/bundle.ts";
import { DeployFailure } from "./failure.ts";
import type { History } from "./history.ts";
import type { Definition, Project } from "./project.ts";

/** A change of one function. */
export interface Replacement {
  slug: string;
  /** The stored function; `undefined` when there is none. */
  current?: Definition;
  /** The function to store; `undefined` deletes it. */
  target?: Definition;
  /** The platform that the target was built for; unknown for previous code. */
  platform?: Platform;
}

/** What {@link replaceFunction} works with. */
export interface ReplaceContext {
  project: Project;
  /** Keeps the current code before it is replaced. */
  history?: History;
  signal: AbortSignal;
  /** Tests the running function; throws when it does not work. */
  verify: () => Promise<void>;
}

const LOG_LINES = 40;

/**
 * Stores `target`, waits for the deployment and verifies it. When any of that fails, it puts `current`
 * back before it throws, and the message says whether that succeeded. After an interruption, the
 * message says which of the two is stored.
 *
 * @throws {DeployFailure}
 */
export async function replaceFunction(
  { slug, current, target, platform }: Replacement,
  { project, history, signal, verify }: ReplaceContext,
): Promise<void> {
  const kept = await history?.keep(slug, current);
  try {
    // One more write must be left, to put the old code back.
    await store(project, { slug, current, target, platform }, { needed: 2, signal });
    await verify();
  } catch (failure) {
    const { message } = failure as Error;
    if (signal.aborted && failure === signal.reason) {
      const isNew = (await project.findFunction(slug))?.code === target?.code;
      if (kept && !isNew) await history?.forget(kept);
      const state = isNew ? "its new code is stored, and not tested" : "it has not changed";
      throw new DeployFailure(`${message}; ${slug}: ${state}`, "interrupted");
    }
    let outcome: string;
    try {
      outcome = await putBack(project, { slug, current });
      if (kept) await history?.forget(kept);
    } catch (second) {
      outcome = `its previous code could NOT be put back: ${(second as Error).message}\n` +
        `Try again with "${openApp().command} deploy --rollback ${slug}"`;
    }
    throw new DeployFailure(`${slug}: ${message}\n${slug}: ${outcome}`, "failed", {
      cause: failure,
    });
  }
}

async function store(
  project: Project,
  { slug, current, target, platform }: Replacement,
  options: { needed: number; signal?: AbortSignal },
): Promise<void> {
  if (!target) return await project.deleteFunction(slug, options);
  const exists = current !== undefined;
  const { deployment } = await project.writeFunction(slug, target, { exists, ...options });
  if (deployment?.status === "failed") throw new DeployFailure(describeBuild(deployment));
  if (platform && (deployment ? "cloud" : "self-hosted") !== platform) {
    const other = deployment ? "cloud" : "self-hosted";
    throw new DeployFailure(
      `the project runs its functions ${deployment ? "on cloud" : "self-hosted"}; ` +
        `deploy with --platform ${other}`,
    );
  }
}

/** @returns the outcome, in words. */
async function putBack(project: Project, { slug, current }: Replacement): Promise<string> {
  const stored = await project.findFunction(slug);
  if (stored?.code === current?.code) return "nothing has changed in the project";
  await store(project, { slug, current: stored, target: current }, { needed: 1 });
  return current ? "its previous code is back" : "it was new, and is deleted again";
}

function describeBuild({ buildLogs = [] }: DeploymentResult): string {
  const lines = buildLogs.flatMap((entry) => entry.trimEnd().split("\n")).slice(-LOG_LINES);
  return ["InsForge could not deploy it. Its build logs end with:", ...lines].join("\n  ");
}
