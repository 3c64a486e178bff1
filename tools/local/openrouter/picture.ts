/** Generated pictures: real PNG files with colours that depend on the prompt. */
import { crc32, deflateSync } from "node:zlib";
import { hashText } from "./hash.ts";

const LONG_SIDE = 256;
const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** The properties of a picture. */
export interface PictureOptions {
  /** Such as `16:9`. Square when it is missing or invalid. */
  aspectRatio?: string;
  /** The minimum size of the file, which is padded with bytes that readers ignore. */
  leastBytes?: number;
}

/** Draws a gradient with a disc, 256 pixels at its longer side. The same prompt gets the same picture. */
export function drawPicture(prompt: string, options: PictureOptions = {}): Uint8Array {
  const { aspectRatio, leastBytes = 0 } = options;
  const [width, height] = toSize(aspectRatio);
  const rows = new Uint8Array(height * (1 + width * 3)); // each starts with its filter, 0
  const from = toColour(hashText(prompt, 1));
  const to = toColour(hashText(prompt, 2));
  const disc = toColour(hashText(prompt, 3));
  const radius = Math.min(width, height) / 4;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const share = (x + y) / (width + height);
      const inside = Math.hypot(x - width / 2, y - height / 2) < radius;
      const start = y * (1 + width * 3) + 1 + x * 3;
      for (let i = 0; i < 3; i++) {
        rows[start + i] = inside ? disc[i]! : from[i]! + (to[i]! - from[i]!) * share;
      }
    }
  }
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, width);
  header.setUint32(4, height);
  header.setUint8(8, 8); // bits per channel
  header.setUint8(9, 2); // red, green, blue
  return join([
    Uint8Array.from(SIGNATURE),
    toChunk("IHDR", new Uint8Array(header.buffer)),
    ...(leastBytes > 0 ? [toChunk("paDd", new Uint8Array(leastBytes))] : []),
    toChunk("IDAT", deflateSync(rows)),
    toChunk("IEND", new Uint8Array()),
  ]);
}

/** Returns the same picture as a data URL. */
export function createPicture(prompt: string, options?: PictureOptions): string {
  return `data:image/png;base64,${drawPicture(prompt, options).toBase64()}`;
}

function toSize(aspectRatio = "1:1"): [number, number] {
  const [, across, down] = /^(\d+(?:\.\d+)?)[:x](\d+(?:\.\d+)?)$/.exec(aspectRatio) ?? [];
  const [width, height] = [Number(across) || 1, Number(down) || 1];
  const scale = LONG_SIDE / Math.max(width, height);
  return [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
}

function toColour(hash: number): [number, number, number] {
  return [hash & 255, (hash >>> 8) & 255, (hash >>> 16) & 255];
}

function toChunk(type: string, data: Uint8Array): Uint8Array {
  const named = join([new TextEncoder().encode(type), data]);
  return join([toBytes(data.length), named, toBytes(crc32(named))]);
}

function toBytes(value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, value);
  return new Uint8Array(view.buffer);
}

function join(parts: Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
