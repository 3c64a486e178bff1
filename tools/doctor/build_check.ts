/** Checks that the functions can be deployed. */
import type { App } from "../app.ts";
import { prepareArtefacts } from "../deploy/artefacts.ts";
import type { Finding } from "./finding.ts";

/** Builds and checks the functions of the app as `deploy` does, and keeps nothing of it. */
export async function checkBuild(app: App): Promise<Finding[]> {
  const subject = "build";
  try {
    const build = await prepareArtefacts(app, []);
    const { length } = await build("cloud");
    return [{ level: "ok", subject, text: `${length} functions can be deployed` }];
  } catch (error) {
    return [{ level: "fail", subject, text: (error as Error).message }];
  }
}
