/** Vectors for texts, made from their words and letters: texts that share them are near. */
import { findKeywords } from "./chat/keywords.ts";
import { hashText } from "./hash.ts";

const WORD_WEIGHT = 1;
const TRIGRAM_WEIGHT = 0.35;
/** Words looked at; the rest of a long text changes little. */
const MAX_WORDS = 2_000;

/** Where vectors live: those of two models have nothing to do with each other. */
export interface VectorSpace {
  model: string;
  dimensions: number;
}

/**
 * A vector of length 1 for a text, the same on every run. Nearness is by common words and by their
 * parts, so "refunds" is near "refund", but not near "money back".
 */
export function createVector(text: string, { model, dimensions }: VectorSpace): number[] {
  const vector = new Float64Array(dimensions);
  const seed = hashText(model);
  const add = (feature: string, weight: number) => {
    const hash = hashText(feature, seed);
    vector[(hash >>> 1) % dimensions] += hash & 1 ? weight : -weight;
  };
  const plain = text.normalize("NFD").replaceAll(/\p{M}/gu, "").toLowerCase();
  const words = findKeywords(plain, MAX_WORDS);
  for (const word of words) {
    add(word, WORD_WEIGHT);
    const padded = ` ${word} `;
    for (let i = 0; i + 3 <= padded.length; i++) add(padded.slice(i, i + 3), TRIGRAM_WEIGHT);
  }
  // Text without words of its own, such as "???", is still somewhere.
  if (words.length === 0) add(plain, WORD_WEIGHT);
  return normalize(vector);
}

function normalize(vector: Float64Array): number[] {
  const length = Math.hypot(...vector);
  if (length === 0) return normalize(vector.fill(1)); // everything cancelled out
  // What floats of 32 bits can say, as real vectors; both encodings then agree.
  return [...Float32Array.from(vector, (value) => value / length)];
}
