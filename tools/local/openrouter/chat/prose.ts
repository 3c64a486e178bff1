/** Answers in prose. They say that they are simulated, and use words of the prompt. */
import { hashText } from "../hash.ts";
import { findKeywords, toList } from "./keywords.ts";

const OPENINGS = [
  (about: string) =>
    `I am a simulated model, so no AI has thought about ${about} — but this is how an answer ` +
    "arrives, one token after the other.",
  (about: string) =>
    `A real model would now go into ${about}. I am only a simulated one, and make my sentences ` +
    "by rule, on your own machine, at no cost.",
  (about: string) =>
    `This is a simulated answer about ${about}: the words are filler, but the stream, the token ` +
    "counts and the cost have the form of the real thing.",
];

const POINTS = [
  (word: string) =>
    `**${word}** comes first: it decides most of the rest, so it is worth being precise about.`,
  (word: string) => `**${word}** changes the picture, and a real answer would weigh it with care.`,
  (word: string) => `**${word}** is the detail that people forget — here would be an example.`,
];

const SILENCE = "Tell me a little more, so that I have words of yours to use.";

/** What an answer uses besides the prompt. */
export interface ProseFacts {
  /** The id of the model. */
  model: string;
  /** Images in the conversation. */
  images: number;
  /** The number of messages of the user. */
  turns: number;
}

/** Writes an answer of about 60 to 120 words, the same for the same prompt. */
export function writeProse(prompt: string, { model, images, turns }: ProseFacts): string {
  const hash = hashText(prompt);
  const keywords = findKeywords(prompt, 3);
  const about = keywords.length > 0 ? toList(keywords.map((word) => `“${word}”`)) : "this";
  const seen = images > 0 ? `I got ${countOf(images, "image")} with it. ` : "";
  const before = turns > 1 ? `This is turn ${turns} of our conversation. ` : "";
  const points = keywords.flatMap((word, i) => POINTS[i]?.(word) ?? []);
  const middle = hash % 4 === 0
    ? points.join(" ").replaceAll("**", "")
    : points.map((point) => `- ${point}`).join("\n");
  return `${OPENINGS[hash % OPENINGS.length]!(about)} ${seen}${before}`.trimEnd() +
    `\n\n${middle || SILENCE}\n\n` +
    `Set \`OPENROUTER_API_KEY\`, and the same request goes to the real \`${model}\`.`;
}

/** Writes an answer that repeats the results of tools. */
export function writeToolAnswer(results: { name: string; content: string }[]): string {
  const lines = results.map(({ name, content }) => `- \`${name}\` says: ${shorten(content)}`);
  return `I asked the ${results.length > 1 ? "tools" : "tool"}, and this is what came back:\n\n` +
    `${lines.join("\n")}\n\nA real model would put it into its own words; I am a simulated one.`;
}

/** Writes the reasoning of a model. */
export function writeReasoning(prompt: string): string {
  const keywords = findKeywords(prompt, 3);
  const about = keywords.length > 0 ? toList(keywords) : "something I cannot make out";
  return `The user asks about ${about}. First I collect what is known, then I weigh what is ` +
    "missing, and at last I put the most useful part first. I should be brief, and say that I " +
    "am simulated.";
}

/** Returns "1 image" or "2 images". */
export function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function shorten(text: string): string {
  return text.length > 600 ? `${text.slice(0, 600)}…` : text;
}
