/** The keys of one project: made once, kept beside its database. */

import * as jose from "jose";

/** What signs and checks a project's tokens. */
export interface Keys {
  /** RSA-2048, PKCS#8 and SPKI in PEM. */
  privateKey: string;
  publicKey: string;
  /** The `kid` of access tokens, and of the only key in the JWKS. */
  keyId: string;
  /** Signs refresh tokens and CSRF values, and third-party tokens (HS256). */
  secret: string;
}

/**
 * Gives the keys kept in `file`, made and written there the first time.
 *
 * @param file absent means keys that end with the process
 * @throws {Error} when the file is ruined
 */
export async function readKeys(file?: string): Promise<Keys> {
  if (file === undefined) return await createKeys();
  try {
    return JSON.parse(await Deno.readTextFile(file));
  } catch (cause) {
    if (cause instanceof SyntaxError) {
      throw new Error(`${file} is ruined; "deno task serve --fresh" starts anew`, { cause });
    }
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
  }
  const keys = await createKeys();
  // Whole or not at all, however this process ends.
  await Deno.writeTextFile(`${file}.new`, JSON.stringify(keys, null, 2), { mode: 0o600 });
  await Deno.rename(`${file}.new`, file);
  return keys;
}

async function createKeys(): Promise<Keys> {
  const pair = await jose.generateKeyPair("RS256", { modulusLength: 2048, extractable: true });
  return {
    privateKey: await jose.exportPKCS8(pair.privateKey),
    publicKey: await jose.exportSPKI(pair.publicKey),
    keyId: `kid_${randomHex(8)}`,
    secret: randomHex(32),
  };
}

function randomHex(bytes: number): string {
  return crypto.getRandomValues(new Uint8Array(bytes)).toHex();
}
