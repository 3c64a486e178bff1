/** A PostgreSQL server of the tests' own: made, used and thrown away. */
import postgres, { type Sql } from "postgres";
import { postgresPrograms } from "./programs.ts";

/** A running server with the roles of an InsForge project, and nothing of its own to lose. */
export interface Server extends AsyncDisposable {
  /** Up to `max` connections that act as `role`; to be ended by whoever asked for them. */
  connect(role: string, max?: number): Sql;
}

/** PostgreSQL refuses to run as root, who may become nobody instead. */
const NOBODY = { uid: 65_534, gid: 65_534 };
/** Where nobody may go, wherever root has cloned the project to. */
const ROOTS_FOLDER = "/tmp/insforge-ai-functions";
const PORT_TRIES = 5;

/** Options of tests that need a server: left out, with the reason said, where there is none. */
export const onServer: { ignore: boolean } = { ignore: postgresPrograms === undefined };
if (onServer.ignore) {
  console.warn("No PostgreSQL server here (Debian's package postgresql): its tests are left out");
}

/**
 * Makes a cluster and starts its server on 127.0.0.1, without fsync.
 *
 * @throws {Error} when the server does not start; the message holds what it printed.
 */
export async function startPostgres(): Promise<Server> {
  await using started = new AsyncDisposableStack();
  const isRoot = Deno.uid() === 0;
  const account = isRoot ? NOBODY : {};
  const parent = isRoot ? ROOTS_FOLDER : ".local";
  await Deno.mkdir(parent, { recursive: true });
  const folder = await Deno.makeTempDir({ dir: parent, prefix: "postgres-" });
  started.defer(() => Deno.remove(folder, { recursive: true }));
  if (isRoot) await Deno.chown(folder, NOBODY.uid, NOBODY.gid);

  const init = await new Deno.Command(postgresPrograms!.initdb, {
    args: ["-D", folder, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"],
    ...account,
  }).output();
  if (!init.success) throw new Error(new TextDecoder().decode(init.stderr));
  const port = await listen(started, folder, account);

  const connect = (role: string, max = 1) =>
    postgres({
      ...{ host: "127.0.0.1", port, user: "postgres", database: "postgres", max },
      connection: { role, search_path: "public", client_min_messages: "warning" },
      prepare: false,
    });
  const owner = connect("postgres");
  await owner.unsafe(await readBootstrap());
  await owner.end();
  const stop = started.move();
  return { connect, [Symbol.asyncDispose]: () => stop.disposeAsync() };
}

/** Starts the server on a free port; one that is taken meanwhile is given up for another. */
async function listen(
  started: AsyncDisposableStack,
  folder: string,
  account: { uid?: number; gid?: number },
): Promise<number> {
  let output = "";
  for (let i = 0; i < PORT_TRIES; i++) {
    const port = takePort();
    const settings = [
      ...["fsync=off", "full_page_writes=off", "synchronous_commit=off"],
      ...["listen_addresses=127.0.0.1", `port=${port}`, "unix_socket_directories="],
      ...["max_connections=150", "log_min_messages=log", "lc_messages=C"],
    ];
    const server = new Deno.Command(postgresPrograms!.postgres, {
      args: ["-D", folder, ...settings.flatMap((setting) => ["-c", setting])],
      ...{ stdin: "null", stdout: "null", stderr: "piped", ...account },
    }).spawn();
    output = await readUntilReady(server.stderr);
    if (output.includes("ready to accept")) {
      started.defer(async () => {
        server.kill("SIGQUIT"); // at once: nothing here is worth a shutdown in order
        await server.status;
      });
      return port;
    }
    await server.status;
  }
  throw new Error(`PostgreSQL did not start: ${output}`);
}

/** What the server prints until it is ready or gives up; what it prints later is not read. */
async function readUntilReady(stderr: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  let output = "";
  for await (const text of stderr.pipeThrough(new TextDecoderStream())) {
    output += text;
    if (output.includes("ready to accept")) break;
  }
  return output;
}

function takePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}

/** What the embedded InsForge starts with, but for vectors, which Debian's server has not. */
async function readBootstrap(): Promise<string> {
  const file = new URL("../../tools/local/insforge/bootstrap.sql", import.meta.url);
  return (await Deno.readTextFile(file)).replace("create extension if not exists vector;", "");
}
