/** The keys of one project: generated at the first start and kept beside its database. */

import * as jose from "jose";

/** The keys with which a project recognises its callers. */
export interface Keys {
  /** Signs access tokens: RSA-2048, PKCS#8 in PEM. */
  privateKey: string;
  /** Verifies access tokens: SPKI in PEM. */
  publicKey: string;
  /** The `kid` of access tokens, and of the only key in the JWKS. */
  keyId: string;
  /** Signs refresh tokens, CSRF values and third-party tokens (HS256). */
  secret: string;
  /** What visitors of an app send: `anon_` and 64 hexadecimal digits. */
  anonKey: string;
  /** What administrators send: `ik_` and 64 hexadecimal digits. */
  apiKey: string;
}

/**
 * Reads the keys kept in `file`. Keys that the file lacks are generated and added to it.
 *
 * @param file absent means keys that are forgotten when the process ends.
 * @throws {Error} when the file is damaged.
 */
export async function readKeys(file?: string): Promise<Keys> {
  if (file === undefined) return await createKeys();
  const stored = await readStored(file);
  if (stored.apiKey) return stored as Keys;
  const keys = { ...await createKeys(), ...stored };
  // Renamed into place, so that the file is never half written.
  await Deno.writeTextFile(`${file}.new`, JSON.stringify(keys, null, 2), { mode: 0o600 });
  await Deno.rename(`${file}.new`, file);
  return keys;
}

async function readStored(file: string): Promise<Partial<Keys>> {
  try {
    return JSON.parse(await Deno.readTextFile(file));
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return {};
    if (!(cause instanceof SyntaxError)) throw cause;
    const message = `${file} is damaged; "deno task serve --fresh" deletes all local data`;
    throw new Error(message, { cause });
  }
}

async function createKeys(): Promise<Keys> {
  const pair = await jose.generateKeyPair("RS256", { modulusLength: 2048, extractable: true });
  return {
    privateKey: await jose.exportPKCS8(pair.privateKey),
    publicKey: await jose.exportSPKI(pair.publicKey),
    keyId: `kid_${randomHex(8)}`,
    secret: randomHex(32),
    anonKey: `anon_${randomHex(32)}`,
    apiKey: `ik_${randomHex(32)}`,
  };
}

function randomHex(bytes: number): string {
  return crypto.getRandomValues(new Uint8Array(bytes)).toHex();
}
