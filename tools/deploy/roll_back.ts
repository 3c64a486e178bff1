/** Puts back the code that functions had before a deploy. */
import { openApp } from "../app.ts";
import type { DeployContext } from "./mod.ts";
import { DeployFailure } from "./failure.ts";
import { History, type Kept } from "./history.ts";
import { replaceFunction } from "./replace.ts";
import { takeEach } from "./steps.ts";

/**
 * Puts back the code that functions had before they were last deployed from this machine. Without
 * slugs it puts back what the latest deploy replaced, and deletes nothing. A function that a deploy
 * created is deleted only when its slug is named.
 *
 * @throws {DeployFailure} `notFound` when there is nothing to put back.
 */
export async function rollBack(
  context: DeployContext,
  slugs: string[],
  { dryRun = false } = {},
): Promise<void> {
  const { project, historyFolder, clock, signal } = context;
  const history = new History(historyFolder, project.url, clock.now());
  const latest = await history.readLatest(slugs);
  const missing = slugs.filter((slug) => !latest.some((kept) => kept.slug === slug));
  if (missing.length > 0) {
    const message = `No previous code of ${missing.join(", ")} is kept for ${project.url}`;
    throw new DeployFailure(message, "notFound");
  }
  const [created, replaced] = slugs.length > 0
    ? [[], latest]
    : [latest.filter(({ previous }) => !previous), latest.filter(({ previous }) => previous)];
  if (replaced.length === 0) {
    throw new DeployFailure(describeNothing(created, project.url), "notFound");
  }
  await takeEach(replaced, signal, (kept) => rollBackOne(kept, { context, history, dryRun }));
  for (const { slug } of created) {
    context.print(`${slug}: created by that deploy, stays; ${describeDeletion([slug])}`);
  }
}

async function rollBackOne(
  kept: Kept,
  { context, history, dryRun }: { context: DeployContext; history: History; dryRun: boolean },
): Promise<void> {
  const { project, print, signal } = context;
  const { slug, previous } = kept;
  const current = await project.findFunction(slug);
  const isBack = current?.code === previous?.code;
  const change = isBack
    ? "has its previous code already"
    : previous
    ? "previous code put back"
    : "was new, deleted";
  if (dryRun) return print(`${slug}: ${change} (dry run)`);
  if (!isBack) {
    const verify = () => Promise.resolve();
    const target = previous ?? undefined;
    await replaceFunction({ slug, current, target }, { project, signal, verify });
  }
  await history.forgetRolledBack(kept);
  print(`${slug}: ${change}`);
}

function describeNothing(created: Kept[], url: string): string {
  if (created.length === 0) {
    return `There is nothing to put back: the latest deploy to ${url} from this machine changed ` +
      `nothing, or there was none. "${openApp().command} deploy --rollback <slug>" puts back older code`;
  }
  const slugs = created.map(({ slug }) => slug);
  return `There is nothing to put back: the latest deploy to ${url} created ${slugs.join(", ")}; ` +
    describeDeletion(slugs);
}

function describeDeletion(slugs: string[]): string {
  return `"${openApp().command} deploy --rollback ${slugs.join(" ")}" deletes ${
    slugs.length > 1 ? "them" : "it"
  }`;
}
