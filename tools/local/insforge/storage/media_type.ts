/** The media type an upload is kept under: what its bytes say, and never one a browser would run. */

import { Buffer } from "node:buffer";

const UNSAFE = [
  "text/html",
  "image/svg+xml",
  "text/javascript",
  "application/javascript",
  "application/ecmascript",
  "text/ecmascript",
  "application/x-javascript",
  "application/xhtml+xml",
  "application/x-xhtml+xml",
  "text/xml",
  "application/xml",
];

/** Text that makes a file active content, whatever its sender calls it. */
const ACTIVE = /<html|<script|<svg|<!doctype html|<body|<iframe|<object|<form/i;

/** Byte sequences, written as Latin-1 text, and their place in files of the types worth telling apart. */
const SIGNATURES: [place: number, bytes: string, mediaType: string][] = [
  [0, "\x89PNG\r\n", "image/png"],
  [0, "\xff\xd8\xff", "image/jpeg"],
  [0, "GIF8", "image/gif"],
  [8, "WEBP", "image/webp"],
  [8, "WAVE", "audio/wav"],
  [0, "ID3", "audio/mpeg"],
  [4, "ftyp", "video/mp4"],
  [0, "%PDF-", "application/pdf"],
  [0, "PK\x03\x04", "application/zip"],
];

/** The type of what is unknown, and of what a browser must not run. */
export const OPAQUE = "application/octet-stream";

/** @param claimed the type the sender gave, used where the bytes do not tell */
export function safeMediaType(bytes: Uint8Array, claimed: string): string {
  const start = Buffer.from(bytes.subarray(0, 4096)).toString("latin1");
  const detected = SIGNATURES.find(([place, text]) => start.startsWith(text, place))?.[2];
  if (detected !== undefined) return detected;
  const unsafe = UNSAFE.includes(claimed.split(";")[0].trim().toLowerCase());
  return unsafe || ACTIVE.test(start) || claimed === "" ? OPAQUE : claimed;
}
