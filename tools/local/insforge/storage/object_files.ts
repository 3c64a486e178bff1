/** The bytes of objects, on disk or in memory. */

import { createHash } from "node:crypto";
import { join } from "node:path";

/** The name of an object. Callers choose the key. */
export interface ObjectName {
  bucket: string;
  key: string;
}

/** Stores one file per object. It checks no permissions. */
export interface ObjectFiles {
  write(name: ObjectName, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  read(name: ObjectName): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** A missing file is ignored. */
  remove(name: ObjectName): Promise<void>;
}

/**
 * Creates the storage of files.
 *
 * @param folder is created when it is missing; absent means in memory.
 */
export async function createObjectFiles(folder?: string): Promise<ObjectFiles> {
  if (folder === undefined) return createMemoryFiles();
  await Deno.mkdir(folder, { recursive: true });
  const pathOf = (name: ObjectName) => join(folder, fileName(name));
  return {
    write: (name, bytes) => Deno.writeFile(pathOf(name), bytes),
    read: (name) => Deno.readFile(pathOf(name)).catch(ignoreMissing),
    remove: (name) => Deno.remove(pathOf(name)).catch(ignoreMissing),
  };
}

function createMemoryFiles(): ObjectFiles {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  return {
    write: (name, bytes) => Promise.resolve(void files.set(fileName(name), bytes)),
    read: (name) => Promise.resolve(files.get(fileName(name))),
    remove: (name) => Promise.resolve(void files.delete(fileName(name))),
  };
}

/** Returns a digest as the file name, so that no key can lead out of the folder. */
function fileName({ bucket, key }: ObjectName): string {
  return createHash("sha256").update(`${bucket}/${key}`).digest("hex");
}

function ignoreMissing(error: unknown): undefined {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
