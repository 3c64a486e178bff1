/** Checks the InsForge project: the link, the key, and what a deploy would add. */
import { join } from "node:path";
import { ApiError } from "../../shared/errors.ts";
import type { Environment } from "../../shared/settings.ts";
import type { App } from "../app.ts";
import { systemClock } from "../deploy/clock.ts";
import { DeployFailure } from "../deploy/failure.ts";
import { LINK_FILE, readLink } from "../deploy/link.ts";
import { createPlan } from "../deploy/plan.ts";
import { Project } from "../deploy/project.ts";
import type { Finding } from "./finding.ts";

/**
 * Compares the project with the app, and changes nothing.
 *
 * @param slugs the functions of the app.
 */
export async function checkProject(
  app: App,
  slugs: string[],
  environment: Environment,
): Promise<Finding[]> {
  const subject = "project";
  try {
    const link = await readLink(environment, join(app.root, LINK_FILE));
    const project = new Project(link, systemClock, () => {});
    const { functions } = await project.listFunctions();
    const deployed = new Set(functions.map(({ slug }) => slug));
    const ok = `${project.url} accepts the key; ${deployed.size} functions are deployed`;
    const { migrations, secrets, warnings } = await createPlan({
      project,
      environment,
      build: () => Promise.resolve([]),
      migrationFolders: app.migrationFolders,
      now: Date.now(),
    });
    const missing = [
      ...slugs.filter((slug) => !deployed.has(slug)).map((slug) => `function ${slug}`),
      ...migrations.map(({ name }) => `migration ${name}`),
      ...secrets.missing.map(({ key }) => `secret ${key}`),
    ];
    return [
      { level: "ok", subject, text: ok },
      ...missing.length === 0 ? [] : [{
        level: "note" as const,
        subject,
        text: `lacks ${missing.join(", ")}; "${app.command} deploy" adds them`,
      }],
      ...warnings.map((text): Finding => ({ level: "fail", subject, text })),
    ];
  } catch (error) {
    if (error instanceof ApiError) return []; // The check of the settings reports it.
    if (!(error instanceof DeployFailure)) throw error;
    const isUnlinked = error.kind === "notLinked";
    return [{
      level: isUnlinked ? "note" : "fail",
      subject,
      text: error.message.replaceAll("\n- ", " "),
      needs: isUnlinked ? "a project" : undefined,
    }];
  }
}
