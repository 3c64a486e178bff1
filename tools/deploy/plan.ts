/** Plans what a deploy changes in a project. */
import type { FunctionSchema, SecretSchema } from "@insforge/shared-schemas";
import { type Environment, withValues } from "../../shared/settings.ts";
import type { Artefact, Platform } from "../build/bundle.ts";
import { findSlugCollisions } from "../build/text_gates.ts";
import { checkCombinations, type SettingReport } from "../start/setting_checks.ts";
import { DeployFailure } from "./failure.ts";
import { type MigrationFile, planMigrations, readMigrations } from "./migrations.ts";
import type { Project } from "./project.ts";
import { hasGatewayKey, planSecrets, type SecretPlan } from "./secrets.ts";

/** What a deploy does with one function. */
export interface PlannedFunction {
  slug: string;
  code: string;
  /** Whether the function is not written with the library. */
  isPlain?: boolean;
  current?: FunctionSchema;
  /** `confirm` writes the stored code again, because only a write shows whether it deploys. */
  action: "create" | "replace" | "confirm" | "keep";
}

/** Everything that one deploy does. */
export interface Plan {
  url: string;
  platform: Platform;
  migrations: MigrationFile[];
  secrets: SecretPlan;
  functions: PlannedFunction[];
  /** What will not work after the deploy. */
  warnings: string[];
}

/** The input of {@link createPlan}. */
export interface PlanOptions {
  project: Project;
  /** Builds and checks the artefacts of a platform; called once the platform is known. */
  build: (platform: Platform) => Promise<Artefact[]>;
  /** Overrides the platform that the project shows. */
  platform?: Platform;
  environment: Environment;
  /** The folders of the migrations; see `App`. */
  migrationFolders: string[];
  now: number;
}

/**
 * Compares a project with what is to be deployed; changes nothing.
 *
 * @throws {DeployFailure} when the project does not respond or refuses the key, when the functions
 *   would break functions that are there, or when settings cannot work together.
 */
export async function createPlan(options: PlanOptions): Promise<Plan> {
  const { project, environment, migrationFolders, now } = options;
  const files = await readMigrations(migrationFolders);
  const { functions: existing, deploymentUrl, runtime } = await project.listFunctions();
  const platform = options.platform ?? findPlatform(project.url, deploymentUrl);
  const artefacts = await options.build(platform);
  if (platform === "cloud") requireDistinct(artefacts, existing.map(({ slug }) => slug));

  const applied = files.length > 0 ? await project.listMigrations() : [];
  const secrets = await project.listSecrets();
  const functions: PlannedFunction[] = [];
  for (const { slug, code, isPlain } of artefacts) {
    const current = existing.some((one) => one.slug === slug)
      ? await project.findFunction(slug)
      : undefined;
    const action = !current ? "create" : current.code === code ? "keep" : "replace";
    functions.push({ slug, code, isPlain, current, action });
  }
  // Cloud deploys all functions as one revision: one write that succeeds proves what is stored. An
  // earlier run may have been cut off between storing and learning that it does not deploy.
  if (platform === "cloud" && functions.every(({ action }) => action === "keep")) {
    for (const one of functions.slice(0, 1)) one.action = "confirm";
  }
  const secretPlan = planSecrets(environment, secrets);
  const { faults, warnings } = checkPlannedSettings(environment, {
    secrets,
    slugs: artefacts.map(({ slug }) => slug),
  });
  if (faults.length > 0) {
    throw new DeployFailure(["Nothing is deployed:", ...faults].join("\n- "));
  }
  if (!hasGatewayKey(secretPlan, secrets)) {
    warnings.push(
      "OPENROUTER_API_KEY is set neither here nor in the project; no model can be called",
    );
  }
  if (runtime?.status === "unavailable") {
    warnings.push("the project's function runtime does not respond");
  }
  return {
    url: project.url,
    platform,
    migrations: planMigrations(files, applied, now),
    secrets: secretPlan,
    functions,
    warnings,
  };
}

/** Describes a plan, one line per change. */
export function formatPlan({ migrations, secrets, functions, ...plan }: Plan): string[] {
  const { url, platform, warnings } = plan;
  const writes = functions.filter(({ action }) => action !== "keep").length;
  return [
    `project    ${url}, ${platform}`,
    ...migrations.map(({ name, version }) => `migration  ${name} as ${version}`),
    ...secrets.missing.map(({ key }) => `secret     ${key}: set`),
    ...secrets.kept.map((key) => `secret     ${key}: is set in the project, stays as it is`),
    ...functions.map((one) => `function   ${one.slug}: ${describeAction(one)}`),
    `writes     ${writes} of functions; InsForge accepts 15 in 5 minutes`,
    ...warnings.map((warning) => `warning    ${warning}`),
  ];
}

function describeAction({ action, code, current }: PlannedFunction): string {
  const size = `${(new TextEncoder().encode(code).length / 1024).toFixed(1)} KB`;
  const draft = current?.status === "draft" ? "; it is a draft and stays one" : "";
  return {
    create: `create, ${size}`,
    replace: `replace, ${size}${draft}`,
    confirm: "has this code already; written again to check that it deploys",
    keep: `has this code already${draft}`,
  }[action];
}

/**
 * Finds out where a project runs functions. On cloud they have a URL of their own; before the first
 * deploy only the project's host name shows it.
 */
export function findPlatform(url: string, deploymentUrl: string | null | undefined): Platform {
  const isCloud = deploymentUrl || new URL(url).hostname.endsWith(".insforge.app");
  return isCloud ? "cloud" : "self-hosted";
}

/** Checks the settings that the project will have, as far as they are known here. */
function checkPlannedSettings(
  environment: Environment,
  { secrets, slugs }: { secrets: SecretSchema[]; slugs: string[] },
): SettingReport {
  const existing = new Set(secrets.filter(({ isActive }) => isActive).map(({ key }) => key));
  // InsForge sets API_KEY itself; a value on this machine is not deployed.
  const apiKey = existing.has("API_KEY") ? "set by InsForge" : "";
  return checkCombinations(
    withValues({ API_KEY: apiKey }, environment),
    { slugs, isKnown: (name) => name === "API_KEY" || !existing.has(name) },
  );
}

function requireDistinct(artefacts: Artefact[], existing: string[]): void {
  const all = new Set([...existing, ...artefacts.map(({ slug }) => slug)]);
  const collisions = findSlugCollisions([...all]);
  if (collisions.length === 0) return;
  throw new DeployFailure(
    `Nothing is deployed: ${collisions.join(", ")}, which breaks every function of the project`,
  );
}
