/** Vectors for texts. Texts that share concepts, words or parts of words get similar ones. */
import { findKeywords } from "./chat/keywords.ts";
import { findConcepts } from "./concepts.ts";
import { hashText } from "./hash.ts";

const CONCEPT_WEIGHT = 2;
const WORD_WEIGHT = 0.8;
const TRIGRAM_WEIGHT = 0.2;
/** The words of a long text after the first 2,000 are ignored. */
const MAX_WORDS = 2_000;

/** What a vector depends on besides its text. The vectors of two models cannot be compared. */
export interface VectorSpace {
  model: string;
  dimensions: number;
}

/**
 * Creates the vector of a text: of length 1, and the same on every run.
 *
 * The cosine of two vectors is graded: 1 for the same words, more than 0.5 for a paraphrase, less for
 * texts that only share their subject, and about 0 for texts that have nothing in common. Meaning is
 * known only as far as the thesaurus in `concepts.ts` goes, which is English and short.
 */
export function createVector(text: string, { model, dimensions }: VectorSpace): number[] {
  const vector = new Float64Array(dimensions);
  const seed = hashText(model);
  const add = (feature: string, weight: number) => {
    const hash = hashText(feature, seed);
    const index = (hash >>> 1) % dimensions;
    vector[index] = (vector[index] ?? 0) + (hash & 1 ? weight : -weight);
  };
  const plain = text.normalize("NFD").replaceAll(/\p{M}/gu, "").toLowerCase();
  const words = findKeywords(plain, MAX_WORDS);
  for (const concept of findConcepts(plain)) add(`concept ${concept}`, CONCEPT_WEIGHT);
  for (const word of words) {
    add(word, WORD_WEIGHT);
    const padded = ` ${word} `;
    for (let i = 0; i + 3 <= padded.length; i++) add(padded.slice(i, i + 3), TRIGRAM_WEIGHT);
  }
  // A text without keywords, such as "???", needs a vector, too.
  if (words.length === 0) add(plain, WORD_WEIGHT);
  return normalize(vector);
}

function normalize(vector: Float64Array): number[] {
  const length = Math.hypot(...vector);
  if (length === 0) return normalize(vector.fill(1)); // every feature was cancelled out
  // Rounded to 32 bits, like real vectors, so that both encodings agree.
  return [...Float32Array.from(vector, (value) => value / length)];
}
