/** What the routines of the search index return, and whether a value is that. */
import { type Fields, isFields } from "../../shared/fields.ts";
import { type EmbeddingSpace, isEmbeddingSpace } from "./embedding_space.ts";

/** An entry of a queue. */
export interface Entry {
  id: string;
  /** Changes with the text, so that a vector of an older text is never stored. */
  version: string;
  text: string;
}

/** Entries of one index that only this run has; `ai_search_claim` returns them. */
export interface Claim extends EmbeddingSpace {
  entries: Entry[];
}

/** The rows of all indexes that have no vector; `ai_search_state` returns it. */
export interface QueueState {
  /** Rows that wait for their vector. */
  waiting: number;
  /** Rows whose text the model refused. */
  refused: number;
}

/** A row that `search_rows` found. */
export interface Match {
  id: unknown;
  similarity: number | null;
  excerpt: string;
  record: Fields;
}

/** Whether a value is a list of claims. */
export function isClaimList(value: unknown): value is Claim[] {
  return isListOf(value, (claim): claim is Claim => {
    const { table, entries } = Object(claim) as Claim;
    return typeof table === "string" && isEmbeddingSpace(claim) && isListOf(entries, isEntry);
  });
}

/** Whether a value is the state of the queues. */
export function isQueueState(value: unknown): value is QueueState {
  const { waiting, refused } = Object(value) as QueueState;
  return Number.isInteger(waiting) && Number.isInteger(refused);
}

/** Whether a value is a list of ids. */
export function isIdList(value: unknown): value is string[] {
  return isListOf(value, (id): id is string => typeof id === "string");
}

/** Whether a value is a list of found rows. */
export function isMatchList(value: unknown): value is Match[] {
  return isListOf(value, (match): match is Match => {
    const { similarity, excerpt, record } = Object(match) as Match;
    const isSimilarity = similarity === null || typeof similarity === "number";
    return isSimilarity && typeof excerpt === "string" && isFields(record);
  });
}

function isEntry(value: unknown): value is Entry {
  const { id, version, text } = Object(value) as Entry;
  return [id, version, text].every((part) => typeof part === "string");
}

function isListOf<T>(value: unknown, isItem: (item: unknown) => item is T): value is T[] {
  return Array.isArray(value) && value.every(isItem);
}
