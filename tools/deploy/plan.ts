/** What a deploy would change in a project: read, compared, and put into words. */
import type { FunctionSchema } from "@insforge/shared-schemas";
import type { Environment } from "../../shared/settings.ts";
import type { Artefact, Platform } from "../build/bundle.ts";
import { findSlugCollisions } from "../build/text_gates.ts";
import { DeployFailure } from "./failure.ts";
import { type MigrationFile, planMigrations, readMigrations } from "./migrations.ts";
import type { Project } from "./project.ts";
import { hasGatewayKey, planSecrets, type SecretPlan } from "./secrets.ts";

/** What becomes of one function. */
export interface PlannedFunction {
  slug: string;
  code: string;
  current?: FunctionSchema;
  /** `confirm` writes what is stored already, because only a write tells whether that deploys. */
  action: "create" | "replace" | "confirm" | "keep";
}

/** Everything one deploy does. */
export interface Plan {
  url: string;
  platform: Platform;
  migrations: MigrationFile[];
  secrets: SecretPlan;
  functions: PlannedFunction[];
  /** What the project will lack all the same. */
  warnings: string[];
}

/** What a plan is made from. */
export interface PlanOptions {
  project: Project;
  /** Makes the artefacts for a platform, judged; asked only once the platform is known. */
  build: (platform: Platform) => Promise<Artefact[]>;
  /** Overrides what the project itself shows. */
  platform?: Platform;
  environment: Environment;
  migrationsFolder: string;
  now: number;
}

/**
 * Compares a project with what is to be in it; changes nothing.
 *
 * @throws {DeployFailure} when the project does not answer or refuses, or when the functions would
 *   break others that are there.
 */
export async function createPlan(options: PlanOptions): Promise<Plan> {
  const { project, environment, migrationsFolder, now } = options;
  const files = await readMigrations(migrationsFolder);
  const { functions: existing, deploymentUrl, runtime } = await project.listFunctions();
  const platform = options.platform ?? findPlatform(project.url, deploymentUrl);
  const artefacts = await options.build(platform);
  if (platform === "cloud") requireDistinct(artefacts, existing.map(({ slug }) => slug));

  const applied = files.length > 0 ? await project.listMigrations() : [];
  const secrets = await project.listSecrets();
  const functions: PlannedFunction[] = [];
  for (const { slug, code } of artefacts) {
    const current = existing.some((one) => one.slug === slug)
      ? await project.findFunction(slug)
      : undefined;
    const action = !current ? "create" : current.code === code ? "keep" : "replace";
    functions.push({ slug, code, current, action });
  }
  // Cloud deploys all functions as one revision: one write that succeeds proves what is stored. An
  // earlier run may have been cut off between storing and learning that it does not deploy.
  if (platform === "cloud" && functions.every(({ action }) => action === "keep")) {
    for (const one of functions.slice(0, 1)) one.action = "confirm";
  }
  const secretPlan = planSecrets(environment, secrets);
  const warnings: string[] = [];
  if (!hasGatewayKey(secretPlan, secrets)) {
    warnings.push(
      "OPENROUTER_API_KEY is set neither here nor in the project: no model will answer",
    );
  }
  if (runtime?.status === "unavailable") {
    warnings.push("the project's function runtime does not answer");
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

/** Describes a plan, one line per thing. */
export function formatPlan({ migrations, secrets, functions, ...plan }: Plan): string[] {
  const { url, platform, warnings } = plan;
  const writes = functions.filter(({ action }) => action !== "keep").length;
  return [
    `project    ${url}, ${platform}`,
    ...migrations.map(({ name, version }) => `migration  ${name} as ${version}`),
    ...secrets.missing.map(({ key }) => `secret     ${key}: set`),
    ...secrets.kept.map((key) => `secret     ${key}: is set already, stays as it is`),
    ...functions.map((one) => `function   ${one.slug}: ${describeAction(one)}`),
    `writes     ${writes} of functions; InsForge takes 15 in 5 minutes`,
    ...warnings.map((warning) => `warning    ${warning}`),
  ];
}

function describeAction({ action, code, current }: PlannedFunction): string {
  const size = `${(new TextEncoder().encode(code).length / 1024).toFixed(1)} KB`;
  const draft = current?.status === "draft" ? "; it is a draft and stays one" : "";
  return {
    create: `create, ${size}`,
    replace: `replace, ${size}${draft}`,
    confirm: "has this code already; written once more, to see that it deploys",
    keep: `has this code already${draft}`,
  }[action];
}

/** Where a project runs functions: cloud gives them an address; before the first, the host's name tells. */
export function findPlatform(url: string, deploymentUrl: string | null | undefined): Platform {
  const isCloud = deploymentUrl || new URL(url).hostname.endsWith(".insforge.app");
  return isCloud ? "cloud" : "self-hosted";
}

function requireDistinct(artefacts: Artefact[], existing: string[]): void {
  const all = new Set([...existing, ...artefacts.map(({ slug }) => slug)]);
  const collisions = findSlugCollisions([...all]);
  if (collisions.length === 0) return;
  throw new DeployFailure(
    `Nothing is deployed: ${collisions.join(", ")}, which breaks every function of the project`,
  );
}
