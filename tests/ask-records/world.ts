/** An embedded InsForge with an app's table of notes, and a simulated OpenRouter that can be disturbed. */
import { assertEquals } from "@std/assert";
import handler from "../../functions/ask-records/index.ts";
import type { Environment } from "../../shared/settings.ts";
import { createIndexMigration } from "../../tools/index_table/migration.ts";
import { createDemoData, DEMO_USERS } from "../../tools/local/insforge/demo.ts";
import { createEmbeddedInsForge, type EmbeddedInsForge } from "../../tools/local/insforge/mod.ts";
import { applyMigrations } from "../../tools/local/migrations.ts";
import { createSimulatedOpenRouter } from "../../tools/local/openrouter/mod.ts";
import { getAccessToken } from "../support/session.ts";

console.log = () => {};

/** What the app's users write. Each user sees the notes that they own. */
const SCHEMA = `
  create table notes (
    id uuid primary key default gen_random_uuid(),
    owner uuid not null,
    title text not null,
    body text,
    stars integer not null default 0,
    updated_at timestamptz not null default now()
  );
  alter table notes enable row level security;
  create policy own on notes using (owner = auth.uid()) with check (owner = auth.uid());
  create index on notes (owner);`;

/** A request for vectors on its way to OpenRouter. */
export interface EmbeddingCall {
  input: string[];
}

/** The running services. */
export interface World extends AsyncDisposable {
  sql: EmbeddedInsForge["sql"];
  /** Access tokens of two users, and their ids. */
  tokens: [string, string];
  users: [string, string];
  /** Decides what happens to a request for vectors: a response replaces that of OpenRouter. */
  disturb: (call: EmbeddingCall) => Response | undefined | Promise<Response | undefined>;
  /** All requests for vectors. */
  embedded: EmbeddingCall[];
  /** Chat requests that reached OpenRouter. */
  chats: { messages: { content: string }[] }[];
  /** Posts to the function with a token. */
  post(token: string, body?: unknown, path?: string): Promise<{ status: number; body: Body }>;
  /** The settings of the function. */
  environment: Environment;
  /** Runs the schedule once. */
  index(): Promise<{ status: number; body: Body }>;
}

// deno-lint-ignore no-explicit-any
type Body = any;

/** The migration of the index of `notes`. */
export function createMigration(dimensions: number): string {
  return createIndexMigration({ table: "notes", columns: ["title", "body"], dimensions });
}

/** Starts the services; `notes` is empty and has an index of vectors of this length. */
export async function startWorld(dimensions: number): Promise<World> {
  await using started = new AsyncDisposableStack();
  const insforge = await createEmbeddedInsForge({ baseUrl: () => insforgeUrl });
  started.defer(() => insforge.close());
  const insforgeUrl = listen(started, insforge.handler);
  await applyMigrations(insforge);
  await createDemoData(insforge);
  await insforge.sql(SCHEMA);
  await insforge.sql(createMigration(dimensions));

  const { handler: openrouter } = createSimulatedOpenRouter();
  const openrouterUrl = listen(started, async (request) => {
    const body = request.body ? await request.clone().json() : undefined;
    if (request.url.endsWith("/embeddings")) {
      const call = { input: [body.input].flat() };
      world.embedded.push(call);
      const disturbed = await world.disturb(call);
      if (disturbed) return disturbed;
    } else if (body?.messages) world.chats.push(body);
    return await openrouter(request);
  });
  const settings: Record<string, string> = {
    ...insforge.secrets,
    INSFORGE_BASE_URL: insforgeUrl,
    OPENROUTER_BASE_URL: `${openrouterUrl}/api/v1`,
    OPENROUTER_API_KEY: "sk-or-v1-local",
  };
  const environment: Environment = { get: (name) => settings[name] };
  const post: World["post"] = async (token, body, path = "/ask-records") => {
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
    const request = new Request(`http://functions.test${path}`, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
    });
    const response = await handler(request, environment);
    return { status: response.status, body: await response.json() };
  };
  const [demo, second] = DEMO_USERS;
  const ids = await insforge.sql("select id from auth.users order by email");
  const stop = started.move();
  const world: World = {
    sql: insforge.sql,
    tokens: [
      await getAccessToken({ insforgeUrl }, demo),
      await getAccessToken({ insforgeUrl }, second),
    ],
    users: [String(ids[0]!.id), String(ids[1]!.id)],
    disturb: () => undefined,
    embedded: [],
    chats: [],
    environment,
    post,
    index: () => post(insforge.secrets.API_KEY!, undefined, "/ask-records?route=index"),
    [Symbol.asyncDispose]: () => stop.disposeAsync(),
  };
  return world;
}

/** Inserts notes; each is `[title, body]`. */
export async function addNotes(
  { sql }: World,
  owner: string,
  notes: [title: string, body: string][],
): Promise<void> {
  const rows = notes.map(([title, body]) => ({ title, body }));
  await sql(
    `insert into notes (owner, title, body)
     select $1::uuid, title, body from json_to_recordset($2::json) as n (title text, body text)`,
    [owner, JSON.stringify(rows)],
  );
}

/** Runs the schedule once, which must succeed, and returns what it says. */
export async function indexOnce(world: World): Promise<Body> {
  const { status, body } = await world.index();
  assertEquals(status, 200, JSON.stringify(body));
  return body;
}

function listen(
  started: AsyncDisposableStack,
  handle: (request: Request) => Response | Promise<Response>,
): string {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, handle);
  started.defer(() => server.shutdown());
  return `http://127.0.0.1:${server.addr.port}`;
}
