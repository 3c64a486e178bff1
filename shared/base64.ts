/** Bytes as base64, on every runtime. */

/** Bytes per call: an argument list has a limit. */
const CHUNK_BYTES = 0x8000;

/** Encodes bytes as base64. */
export function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += CHUNK_BYTES) {
    text += String.fromCharCode(...bytes.subarray(i, i + CHUNK_BYTES));
  }
  return btoa(text);
}
