/** Deploys functions, and what they need, to an InsForge project. */
import { openApp } from "../app.ts";
import type { Environment } from "../../shared/settings.ts";
import type { Artefact, Platform } from "../build/bundle.ts";
import type { Clock } from "./clock.ts";
import { DeployFailure } from "./failure.ts";
import { History } from "./history.ts";
import { createPlan, formatPlan, type Plan, type PlannedFunction } from "./plan.ts";
import type { Project } from "./project.ts";
import { replaceFunction } from "./replace.ts";
import { runSmokeTest } from "./smoke.ts";
import { takeEach, takeStep } from "./steps.ts";

/** Everything a deploy works with. */
export interface DeployContext {
  project: Project;
  /** Builds and checks the artefacts to deploy. */
  build: (platform: Platform) => Promise<Artefact[]>;
  /** Settings to become secrets. */
  environment: Environment;
  /** The folders of the migrations; see `App`. */
  migrationFolders: string[];
  /** Where the replaced code is kept. */
  historyFolder: string;
  clock: Clock;
  print: (line: string) => void;
  /** Aborts waits, and ends the deploy between two functions. */
  signal: AbortSignal;
}

/** Which parts of a deploy to do. */
export interface DeployOptions {
  platform?: Platform;
  /** Does this step and no other. */
  only?: "migrations" | "secrets";
  /** Prints the plan and changes nothing. */
  dryRun?: boolean;
}

/** Self-hosted InsForge serves new code at once; cloud's router may take a minute. */
const SMOKE_TRIES: Record<Platform, number> = { cloud: 30, "self-hosted": 3 };

/**
 * Applies the migrations a project lacks, sets the secrets it lacks, then replaces functions one by
 * one. Each is verified by a request, and put back when it fails. When a step fails, the steps before
 * it stay done, and the same call again does the rest.
 *
 * @throws {DeployFailure} with what went wrong and how far the deploy got.
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

  const history = new History(context.historyFolder, plan.url, clock.now());
  if (!only) await history.begin();
  for (const { version, name, sql } of plan.migrations) {
    await takeStep(
      `migration ${name}`,
      context.signal,
      () => project.applyMigration({ version, name, sql }),
    );
    print(`migration ${name}: applied`);
  }
  for (const { key, value } of plan.secrets.missing) {
    await takeStep(`secret ${key}`, context.signal, () => project.createSecret(key, value));
    print(`secret ${key}: set`);
  }
  await takeEach(plan.functions, context.signal, async (one) => {
    print(await deployFunction(one, { plan, history, context }));
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

/** @returns the outcome, as one line to print. */
async function deployFunction(
  { slug, code, isPlain, current, action }: PlannedFunction,
  { plan, history, context }: { plan: Plan; history: History; context: DeployContext },
): Promise<string> {
  const { project, clock, signal } = context;
  let result = "";
  const verify = async () => {
    const { deploymentUrl } = await project.listFunctions();
    const url = toUrl(project, deploymentUrl, slug);
    if (current?.status === "draft") return void (result = "a draft, not served");
    const tries = SMOKE_TRIES[plan.platform];
    await runSmokeTest(url, { tries, clock, signal, isPlain });
    result = `${url} answers`;
  };
  if (action === "keep") {
    try {
      await verify();
    } catch (failure) {
      const hint =
        `its code was there before; "${openApp().command} deploy --rollback ${slug}" puts back older code`;
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
