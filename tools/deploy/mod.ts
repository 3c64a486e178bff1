/** Brings functions, and what they need, to an InsForge project; or brings back what was there. */
import type { Environment } from "../../shared/settings.ts";
import type { Artefact, Platform } from "../build/bundle.ts";
import type { Clock } from "./clock.ts";
import { DeployFailure } from "./failure.ts";
import { History } from "./history.ts";
import { createPlan, formatPlan, type Plan, type PlannedFunction } from "./plan.ts";
import type { Project } from "./project.ts";
import { replaceFunction } from "./replace.ts";
import { runSmokeTest } from "./smoke.ts";

/** Everything a deploy works with. */
export interface DeployContext {
  project: Project;
  /** Makes and judges the artefacts to deploy. */
  build: (platform: Platform) => Promise<Artefact[]>;
  /** Settings to become secrets. */
  environment: Environment;
  migrationsFolder: string;
  /** Where the code of before is kept. */
  historyFolder: string;
  clock: Clock;
  print: (line: string) => void;
  /** Ends waits, and the whole between two functions. */
  signal: AbortSignal;
}

/** What of a deploy to do. */
export interface DeployOptions {
  platform?: Platform;
  /** Do this step, and no other. */
  only?: "migrations" | "secrets";
  /** Tell, and change nothing. */
  dryRun?: boolean;
}

/** A deployment is there at once on self-hosted InsForge; cloud's router may take a minute. */
const SMOKE_TRIES: Record<Platform, number> = { cloud: 30, "self-hosted": 3 };

/**
 * Applies the migrations a project lacks, sets the secrets it lacks, then replaces functions one by
 * one, each verified by a request and put back when it fails. What is done stays done when a later
 * step fails; the same call again does the rest.
 *
 * @throws {DeployFailure} whose message says what went wrong and how far it came.
 */
export async function deploy(context: DeployContext, options: DeployOptions = {}): Promise<void> {
  const { project, clock, print } = context;
  const { only } = options;
  const build = only ? () => Promise.resolve([]) : context.build;
  const plan = await createPlan({ ...context, ...options, build, now: clock.now() });
  if (only === "secrets") plan.migrations = [];
  if (only === "migrations") plan.secrets = { missing: [], kept: [] };
  formatPlan(plan).forEach(print);
  if (options.dryRun) return print("dry run: nothing has changed");

  for (const { version, name, sql } of plan.migrations) {
    await takeStep(
      `migration ${name}`,
      () => project.applyMigration({ version, name, sql }),
      context,
    );
    print(`migration ${name}: applied`);
  }
  for (const { key, value } of plan.secrets.missing) {
    await takeStep(`secret ${key}`, () => project.createSecret(key, value), context);
    print(`secret ${key}: set`);
  }
  const history = new History(context.historyFolder, plan.url, clock.now());
  await takeEach(plan.functions, context.signal, async (one) => {
    print(await deployFunction(one, { plan, history, context }));
  });
}

/**
 * Puts back the code that functions had before they were last deployed from this machine; without
 * slugs, all that the latest deploy changed. A function that was new then is deleted.
 *
 * @throws {DeployFailure} `notFound` when nothing is kept of them.
 */
export async function rollBack(
  { project, historyFolder, clock, print, signal }: DeployContext,
  slugs: string[],
  { dryRun = false } = {},
): Promise<void> {
  const history = new History(historyFolder, project.url, clock.now());
  const latest = await history.readLatest(slugs);
  const unknown = slugs.filter((slug) => !latest.some((kept) => kept.slug === slug));
  if (latest.length === 0 || unknown.length > 0) {
    const what = unknown.length > 0 ? ` of ${unknown.join(", ")}` : "";
    throw new DeployFailure(`No code${what} from before is kept for ${project.url}`, "notFound");
  }
  await takeEach(latest, signal, async (kept) => {
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
    await history.forget(kept);
    print(`${slug}: ${change}`);
  });
}

/** Prints the functions of a project, one line each. */
export async function listFunctions({ project, print }: DeployContext): Promise<void> {
  const { functions, deploymentUrl } = await project.listFunctions();
  print(`${project.url}: ${functions.length} functions`);
  for (
    const { slug, status, updatedAt } of functions.toSorted((a, b) => a.slug < b.slug ? -1 : 1)
  ) {
    print(`${slug}  ${status}  ${updatedAt}  ${toUrl(project, deploymentUrl, slug)}`);
  }
}

/** @returns what has become of the function. */
async function deployFunction(
  { slug, code, current, action }: PlannedFunction,
  { plan, history, context }: { plan: Plan; history: History; context: DeployContext },
): Promise<string> {
  const { project, clock, signal } = context;
  let result = "";
  const verify = async () => {
    const { deploymentUrl } = await project.listFunctions();
    const url = toUrl(project, deploymentUrl, slug);
    if (current?.status === "draft") return void (result = "a draft, not served");
    const tries = SMOKE_TRIES[plan.platform];
    await runSmokeTest(url, { tries, clock, signal });
    result = `${url} answers`;
  };
  if (action === "keep") {
    try {
      await verify();
    } catch (failure) {
      const hint =
        `its code was there before; "deno task deploy --rollback ${slug}" puts back older code`;
      throw new DeployFailure(`${slug}: ${(failure as Error).message}\n${slug}: ${hint}`);
    }
    return `${slug}: unchanged; ${result}`;
  }
  const target = { name: slug, description: "", ...current, code };
  await replaceFunction(
    { slug, current, target, platform: plan.platform },
    { project, history: action === "confirm" ? undefined : history, signal, verify },
  );
  return `${slug}: deployed; ${result}`;
}

function toUrl({ url }: Project, deploymentUrl: string | null | undefined, slug: string): string {
  return deploymentUrl
    ? `${deploymentUrl.replace(/\/+$/, "")}/${slug}`
    : `${url}/functions/${slug}`;
}

/** Does something that comes before all functions, and says so when it fails. */
async function takeStep(
  step: string,
  work: () => Promise<void>,
  { signal }: DeployContext,
): Promise<void> {
  try {
    signal.throwIfAborted();
    await work();
  } catch (failure) {
    throw describeHalt(`${step}: ${toMessage(failure)}\nNo function has changed`, failure);
  }
}

/** Works on functions one by one; when that ends early, says how far it came. */
async function takeEach<T extends { slug: string }>(
  all: T[],
  signal: AbortSignal,
  work: (one: T) => Promise<void>,
): Promise<void> {
  const slugs = all.map(({ slug }) => slug);
  for (const [i, one] of all.entries()) {
    let begun = 0;
    try {
      signal.throwIfAborted();
      begun = 1;
      await work(one);
    } catch (failure) {
      const [done, left] = [slugs.slice(0, i), slugs.slice(i + begun)]
        .map((some) => some.join(", ") || "none");
      throw describeHalt(`${toMessage(failure)}\ndone: ${done}; not begun: ${left}`, failure);
    }
  }
}

function describeHalt(message: string, cause: unknown): DeployFailure {
  const kind = cause instanceof DeployFailure ? cause.kind : "failed";
  return new DeployFailure(`${message}\nThe same command again does the rest`, kind, { cause });
}

function toMessage(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure);
}
