/** A PostgreSQL server that the tests create, use and delete. */
import postgres, { type Sql } from "postgres";
import { postgresPrograms } from "./programs.ts";

/** A running server with the roles of an InsForge project, and without data to keep. */
export interface Server extends AsyncDisposable {
  /** Opens up to `max` connections that act as `role`; the caller ends them. */
  connect(role: string, max?: number): Sql;
}

/** PostgreSQL refuses to run as root, so root runs it as the user `nobody`. */
const NOBODY = { uid: 65_534, gid: 65_534 };
/** A folder that the user `nobody` can enter, wherever root has cloned the project to. */
const ROOTS_FOLDER = "/tmp/insforge-ai-functions";
const PORT_TRIES = 5;

/**
 * Options of tests that need a server. Without a server they are skipped, and the reason is
 * printed.
 */
export const onServer: { ignore: boolean } = { ignore: postgresPrograms === undefined };
if (onServer.ignore) {
  console.warn("No PostgreSQL server here (Debian's package postgresql): its tests are left out");
}

/**
 * Creates a cluster and starts its server on 127.0.0.1, without fsync.
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
    });
  const owner = connect("postgres");
  await owner.unsafe(await readBootstrap());
  await owner.end();
  const stop = started.move();
  return { connect, [Symbol.asyncDispose]: () => stop.disposeAsync() };
}

/** Starts the server on a free port; tries another port when that one is taken in the meantime. */
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

/** Reads what the server prints until it is ready or fails; later output is not read. */
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

/** The SQL that the embedded InsForge starts with, without vectors, which Debian's server lacks. */
async function readBootstrap(): Promise<string> {
  const file = new URL("../../tools/local/insforge/bootstrap.sql", import.meta.url);
  return (await Deno.readTextFile(file)).replace("create extension if not exists vector;", "");
}
