/** Deploys the functions and secrets of the database to the host that runs functions. */

import type { Database } from "../database.ts";
import type { Secrets } from "../secrets.ts";
import type { Deployment, FunctionHost } from "./host.ts";

/** The deployed functions. */
export interface Deployer {
  /** Deploys all active functions with all secrets. @returns see {@link FunctionHost.deploy}. */
  deploy(): Promise<Deployment | null>;
  /** Whether a function of this slug is deployed and active. */
  has(slug: string): Promise<boolean>;
  /** Calls a deployed function. */
  run(slug: string, request: Request): Promise<Response>;
}

/** Creates the tables of functions, secrets and migrations that do not exist yet. */
export async function createFunctionTables(database: Database): Promise<void> {
  const sql = await Deno.readTextFile(new URL("./schema.sql", import.meta.url));
  await database.asOwner((session) => session.exec(sql));
}

/** Creates the deployer of one project. */
export function createDeployer(
  { database, secrets, host }: { database: Database; secrets: Secrets; host: FunctionHost },
): Deployer {
  let deployed: Promise<Deployment | null> | undefined;
  const query = <Row>(text: string, values: string[] = []) =>
    database.asOwner((session) => session.query<Row>(text, values));

  async function deploy(): Promise<Deployment | null> {
    const active = await query<{ slug: string; code: string }>(
      "select slug, code from functions.definitions where status = 'active'",
    );
    const functions = Object.fromEntries(active.map(({ slug, code }) => [slug, code]));
    return await host.deploy({ functions, secrets: await secrets.values() });
  }

  return {
    deploy: () => deployed = deploy(),
    has: async (slug) => {
      const found = await query(
        "select from functions.definitions where slug = $1 and status = 'active'",
        [slug],
      );
      return found.length > 0;
    },
    run: async (slug, request) => {
      // After a restart the functions are in the database, but not yet in the host.
      await (deployed ??= deploy());
      return await host.run(slug, request);
    },
  };
}
