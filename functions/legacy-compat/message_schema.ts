/** The deprecated proxy's schema of a message. */
import * as z from "zod/mini";

const text = z.object({ type: z.literal("text"), text: z.string() });
const image = z.object({
  type: z.literal("image_url"),
  image_url: z.object({
    url: z.string(),
    detail: z.optional(z.enum(["auto", "low", "high"])),
  }),
});
const audio = z.object({
  type: z.literal("input_audio"),
  input_audio: z.object({
    data: z.string(),
    format: z.enum(["wav", "mp3", "aiff", "aac", "ogg", "flac", "m4a"]),
  }),
});
const file = z.object({
  type: z.literal("file"),
  file: z.object({ filename: z.string(), file_data: z.string() }),
});

const toolCall = z.object({
  id: z.string(),
  type: z.literal("function"),
  function: z.object({ name: z.string(), arguments: z.string() }),
});

/** Images by their URLs, the oldest form in which a message has them. */
export const images = z.optional(z.array(z.object({ url: z.string() })));

/** A message of a chat. */
export const message = z.object({
  role: z.enum(["user", "assistant", "system", "tool"]),
  content: z.nullish(z.union([z.string(), z.array(z.union([text, image, audio, file]))])),
  images,
  tool_calls: z.optional(z.array(toolCall)),
  tool_call_id: z.optional(z.string()),
}).check(
  z.refine(({ role, content }) => role === "assistant" || content !== undefined, {
    path: ["content"],
    error: ({ input }) => `content is required for ${Object(input).role} messages`,
  }),
);
