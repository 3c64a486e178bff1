/** Passwords, kept as scrypt hashes with a salt each: `scrypt$<salt>$<hash>`, both base64url. */

import { Buffer } from "node:buffer";
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";

const HASH_BYTES = 32;

/** What to keep of a password. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(password, salt);
  return `scrypt$${salt.toString("base64url")}$${hash.toString("base64url")}`;
}

/** Whether `stored` was made from `password`; takes the same time either way. */
export async function passwordMatches(password: string, stored: string): Promise<boolean> {
  const [, salt, hash] = stored.split("$").map((part) => Buffer.from(part, "base64url"));
  return timingSafeEqual(await derive(password, salt), hash);
}

function derive(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) =>
    scrypt(password, salt, HASH_BYTES, (error, hash) => error ? reject(error) : resolve(hash))
  );
}
