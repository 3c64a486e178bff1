/**
 * An InsForge backend inside this process, for development: real PostgreSQL with row-level security,
 * accounts, records, storage and the function proxy. It opens no port and is never deployed.
 */

import { join } from "node:path";
import { createAccounts } from "./accounts.ts";
import { createCallers } from "./caller.ts";
import { openDatabase, type Value } from "./database.ts";
import { createFunctionProxy, type FunctionRunner } from "./function_proxy.ts";
import { createDeployer, createFunctionTables } from "./functions/deployer.ts";
import type { FunctionHost } from "./functions/host.ts";
import { createFunctionRoutes } from "./functions/routes.ts";
import { createWorkerHost } from "./functions/worker_host.ts";
import { createGateway } from "./gateway.ts";
import { createJwksRoutes } from "./jwks.ts";
import { readKeys } from "./keys.ts";
import { createMigrationRoutes } from "./migrations.ts";
import { createRawSqlRoutes } from "./raw_sql.ts";
import { createCatalogReader } from "./rest/catalog.ts";
import { createRecordRoutes } from "./rest/records.ts";
import { createRpcRoutes } from "./rest/rpc.ts";
import { createSecretRoutes, createSecrets } from "./secrets.ts";
import { createSessions } from "./sessions.ts";
import { createBucketRoutes } from "./storage/buckets.ts";
import { createObjectFiles } from "./storage/object_files.ts";
import { createObjectRoutes } from "./storage/object_routes.ts";
import { createObjects } from "./storage/objects.ts";
import { createTokens } from "./tokens.ts";
import { createUserRoutes } from "./users.ts";

/** A running backend. Call `handler` with requests, and `close` at the end. */
export interface EmbeddedInsForge {
  handler(request: Request): Promise<Response>;
  /** The secrets that InsForge gives to functions, without its URL, which the caller knows. */
  secrets: Record<string, string>;
  /**
   * Runs SQL as `project_admin`, who owns what an app creates and bypasses its policies: one
   * statement with parameters, or any number without. Returns the rows of the last one.
   */
  sql(text: string, parameters?: unknown[]): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

/** How a backend is set up. */
export interface EmbeddedInsForgeOptions {
  /** The URL at which the handler is served. It is asked for when a request needs it. */
  baseUrl: () => string;
  /** Folder for database, objects and keys. Absent means that everything is in memory. */
  dataDir?: string;
  /** Answers at `/functions/<slug>` when no function of that slug is deployed. */
  functions?: FunctionRunner;
  /** Where deployed functions run: a copy of InsForge's self-hosted worker unless given. */
  host?: FunctionHost;
  /** Additional secrets that count as the platform's own. */
  reservedSecrets?: Record<string, string>;
  /** Replaces the generated anon key. */
  anonKey?: string;
  /** Replaces the generated API key. */
  apiKey?: string;
  /** Replaces the generated secret for HS256 tokens. */
  jwtSecret?: string;
  /** The clock of the limit on function writes, in milliseconds. */
  now?: () => number;
}

/**
 * Starts a backend. It is empty unless `dataDir` contains one already.
 *
 * The first start takes some seconds, a later one with the same folder less than one.
 *
 * @throws {Error} when `dataDir` was created by a version with another schema
 */
export async function createEmbeddedInsForge(
  {
    baseUrl,
    dataDir,
    functions = unknownFunction,
    host = createWorkerHost(),
    reservedSecrets,
    now = Date.now,
    ...ownKeys
  }: EmbeddedInsForgeOptions,
): Promise<EmbeddedInsForge> {
  if (dataDir !== undefined) await Deno.mkdir(dataDir, { recursive: true });
  const generated = await readKeys(dataDir && join(dataDir, "keys.json"));
  const { anonKey = generated.anonKey, apiKey = generated.apiKey } = ownKeys;
  const keys = { ...generated, secret: ownKeys.jwtSecret ?? generated.secret };
  const database = await openDatabase(dataDir && join(dataDir, "database"));
  const catalog = createCatalogReader(database);
  const accounts = createAccounts(database);
  const files = await createObjectFiles(dataDir && join(dataDir, "objects"));
  const objects = createObjects({ database, files });
  const tokens = await createTokens(keys);
  const callers = createCallers({ tokens, anonKey, apiKey });
  const sessions = createSessions({ accounts, tokens, callers });
  const ownSecrets = {
    ANON_KEY: anonKey,
    API_KEY: apiKey,
    JWT_PUBLIC_KEY: keys.publicKey,
    JWT_KEY_ID: keys.keyId,
    JWT_SECRET: keys.secret,
  };
  await createFunctionTables(database);
  const secrets = createSecrets(database, () => ({
    ...reservedSecrets,
    ...ownSecrets,
    INSFORGE_BASE_URL: baseUrl(),
    INSFORGE_INTERNAL_URL: baseUrl(),
  }));
  const deployer = createDeployer({ database, secrets, host });

  const gateway = createGateway([
    ["/", createJwksRoutes(tokens)],
    ["/api/auth", sessions.routes],
    ["/api/auth", createUserRoutes({ accounts, tokens, callers, sessions })],
    ["/api/database/records", createRecordRoutes({ database, callers, catalog })],
    ["/api/database/rpc", createRpcRoutes({ database, callers, catalog })],
    [
      "/api/database/advance",
      createRawSqlRoutes({ database, callers, schemaChanged: catalog.forget }),
    ],
    [
      "/api/database/migrations",
      createMigrationRoutes({ database, callers, schemaChanged: catalog.forget }),
    ],
    ["/api/functions", createFunctionRoutes({ database, callers, deployer, host, now })],
    [
      "/api/secrets",
      createSecretRoutes({ database, callers, secrets, changed: deployer.deploy }),
    ],
    ["/api/storage", createBucketRoutes({ database, callers, files })],
    ["/api/storage", createObjectRoutes({ objects, callers, baseUrl })],
    [
      "/functions",
      createFunctionProxy(async (slug, request) =>
        await deployer.has(slug)
          ? await deployer.run(slug, request)
          : await functions(slug, request)
      ),
    ],
  ]);

  return {
    handler: async (request) => await gateway.fetch(request),
    secrets: ownSecrets,
    sql: async (text, parameters = []) => {
      const rows = await database.as({ role: "project_admin" }, async (session) => {
        if (parameters.length > 0) return await session.query(text, parameters as Value[]);
        return (await session.exec(text)).at(-1)?.rows ?? [];
      });
      catalog.forget();
      return rows as Record<string, unknown>[];
    },
    close: async () => {
      await host.close();
      await database.close();
    },
  };
}

function unknownFunction(): Promise<Response> {
  return Promise.resolve(
    Response.json({ error: "Function not found or not active" }, { status: 404 }),
  );
}
