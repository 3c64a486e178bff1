/** The bytes of objects, on disk or in memory. */

import { createHash } from "node:crypto";
import { join } from "node:path";

/** Which object: keys are the callers' own text. */
export interface ObjectName {
  bucket: string;
  key: string;
}

/** Holds one file per object; who may touch it has been decided before. */
export interface ObjectFiles {
  write(name: ObjectName, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  read(name: ObjectName): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** A file that is not there is no error. */
  remove(name: ObjectName): Promise<void>;
}

/** @param folder made when it is not there; absent means the bytes live in memory */
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

/** A digest, so that no key, whatever it contains, can lead out of the folder. */
function fileName({ bucket, key }: ObjectName): string {
  return createHash("sha256").update(`${bucket}/${key}`).digest("hex");
}

function ignoreMissing(error: unknown): undefined {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
