/** The media type of an upload: detected from its bytes, and never one that browsers execute. */

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

/** Text that makes a file active content, whatever media type was sent. */
const ACTIVE = /<html|<script|<svg|<!doctype html|<body|<iframe|<object|<form/i;

/** Byte sequences in Latin-1 and their offset in files of common types. */
const SIGNATURES: [offset: number, bytes: string, mediaType: string][] = [
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

/** The media type of unknown files, and of files that browsers must not execute. */
export const OPAQUE = "application/octet-stream";

/**
 * Returns the media type under which an upload is stored.
 *
 * @param claimed the type that was sent; used when the bytes are not recognised.
 */
export function safeMediaType(bytes: Uint8Array, claimed: string): string {
  const start = Buffer.from(bytes.subarray(0, 4096)).toString("latin1");
  const detected = SIGNATURES.find(([offset, text]) => start.startsWith(text, offset))?.[2];
  if (detected !== undefined) return detected;
  const unsafe = UNSAFE.includes(claimed.split(";")[0]!.trim().toLowerCase());
  return unsafe || ACTIVE.test(start) || claimed === "" ? OPAQUE : claimed;
}
