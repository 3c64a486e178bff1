/**
 * Converts rows to prompts: in chunks that fit a model, and marked as data, not as instructions.
 */
import type { Fields } from "../../shared/fields.ts";
import { fenceData } from "../../shared/request/data_fence.ts";
import { countBytes, shorten } from "../../shared/request/text_bytes.ts";

const MAX_CHUNKS = 20;

/** Rows as text, one JSON object per line, in pieces that fit into one prompt each. */
export interface Chunks {
  chunks: string[];
  /** The number of rows in all chunks. */
  rowsRead: number;
  /** Whether rows, or the ends of huge rows, did not fit. */
  truncated: boolean;
}

/**
 * Packs rows, in their order, into as few chunks as possible, and never more than 20.
 *
 * @param lines the rows, each as JSON.
 * @param maxBytes the size of a chunk in bytes of UTF-8.
 */
export function toChunks(lines: string[], maxBytes: number): Chunks {
  const chunks: string[][] = [];
  let bytes = maxBytes; // of the last chunk: the first row begins a chunk
  let truncated = false;
  for (const line of lines) {
    const text = shorten(line, maxBytes);
    const added = countBytes(text) + 1;
    if (bytes + added > maxBytes + 1) {
      if (chunks.length === MAX_CHUNKS) {
        truncated = true;
        break;
      }
      chunks.push([]);
      bytes = 0;
    }
    chunks.at(-1)!.push(text);
    bytes += added;
    truncated ||= text !== line;
  }
  return {
    chunks: chunks.map((rows) => rows.join("\n")),
    rowsRead: chunks.flat().length,
    truncated,
  };
}

/** The parts of the prompts besides the rows. */
export interface Topic {
  table: string;
  instructions?: string;
  /** Whether a prompt file says what the model is to do, so that the usual sentence is left out. */
  hasPrompt: boolean;
}

/** Creates the conversation that summarizes the rows of a single chunk. */
export function summarizeRows(topic: Topic, chunk: string): Fields[] {
  return converse(topic, "Summarize these rows.", "rows", chunk);
}

/** Creates the conversation that takes notes on one of several chunks. */
export function noteRows(topic: Topic, chunk: string, part: number, parts: number): Fields[] {
  const task = `These rows are part ${part} of ${parts}. Note what a summary of all parts needs: ` +
    "counts, themes, notable rows and exceptions. Be brief.";
  return converse(topic, task, "rows", chunk);
}

/** Creates the conversation that merges the notes on all chunks into one summary. */
export function mergeNotes(topic: Topic, notes: string[]): Fields[] {
  const task = `These are notes on all ${notes.length} parts of the rows, in order. ` +
    "Write one summary of them all.";
  return converse(
    topic,
    task,
    "notes",
    notes.map((note, i) => `Part ${i + 1}: ${note}`).join("\n"),
  );
}

function converse(topic: Topic, task: string, kind: string, data: string): Fields[] {
  const { rule, text } = fenceData(kind, data);
  const role = topic.hasPrompt
    ? ""
    : "You summarize rows of a database table for the user they belong to. ";
  const system = `${role}${rule} State only what the data shows; do not invent rows or numbers.`;
  const table = `The table is ${JSON.stringify(topic.table)}.`;
  const wishes = topic.instructions ? `\n\nWhat the user asks for: ${topic.instructions}` : "";
  return [
    { role: "system", content: system },
    { role: "user", content: `${task} ${table}${wishes}\n\n${text}` },
  ];
}
