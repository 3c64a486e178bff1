/** Password hashes: `scrypt$<salt>$<hash>`, both in base64url. */

import { Buffer } from "node:buffer";
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";

const HASH_BYTES = 32;

/** Hashes a password with a random salt. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(password, salt);
  return `scrypt$${salt.toString("base64url")}$${hash.toString("base64url")}`;
}

/** Whether `stored` is a hash of `password`. Takes the same time in both cases. */
export async function passwordMatches(password: string, stored: string): Promise<boolean> {
  const [, salt = "", hash = ""] = stored.split("$");
  const [left, right] = [salt, hash].map((part) => Buffer.from(part, "base64url")) as [
    Buffer,
    Buffer,
  ];
  return timingSafeEqual(await derive(password, left), right);
}

function derive(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) =>
    scrypt(password, salt, HASH_BYTES, (error, hash) => error ? reject(error) : resolve(hash))
  );
}
