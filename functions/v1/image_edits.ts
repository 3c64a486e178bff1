/** Requests to change images, as OpenAI's clients send them: a form with files, or JSON with URLs. */
import * as z from "zod/mini";
import { toBase64 } from "../../shared/base64.ts";
import { invalidInput } from "../../shared/errors.ts";
import { type BodyLimits, parseValue, readBody } from "../../shared/http/body.ts";
import type { Call } from "../../shared/http/call.ts";
import { isForm, listFiles, readForm, toFormFields } from "../../shared/http/form.ts";
import { imageUrl } from "../../shared/request/text_fields.ts";
import { imagesRequest } from "./images.ts";

/** What to change, and how; other fields pass through. */
export const editRequest = z.safeExtend(imagesRequest, {
  /** The images to start from: URLs or data URLs. In a form they are the files `image` or `image[]`. */
  images: z.array(z.looseObject({ image_url: imageUrl })).check(z.minLength(1), z.maxLength(16)),
  /** OpenRouter has no masks: describe in `prompt` what to change. */
  mask: z.nullish(z.undefined()),
});

/** Fields of a form whose text is JSON. */
const JSON_FIELDS = ["n", "output_compression", "partial_images", "seed", "stream", "simulate"];

/**
 * Reads a request: JSON, or a form where the platform passes on bytes.
 *
 * @throws {ApiError} as `readBody` and `readForm`.
 */
export async function readEdit(
  call: Call,
  limits: BodyLimits,
): Promise<z.infer<typeof editRequest>> {
  if (!isForm(call)) return await readBody(call, editRequest, limits);
  const form = await readForm(call, limits);
  const files = listFiles(form, "image");
  if (files.length === 0) throw invalidInput('"image" is required');
  const images = await Promise.all(
    files.map(async (file) => ({ image_url: await toDataUrl(file) })),
  );
  const [mask] = listFiles(form, "mask");
  const fields = { ...toFormFields(form, JSON_FIELDS), images };
  return parseValue(mask ? { ...fields, mask: mask.name } : fields, editRequest);
}

/** Clients label files that they do not know as `application/octet-stream`; then the name decides. */
async function toDataUrl(file: File): Promise<string> {
  const [, extension] = /\.(png|jpe?g|webp|gif|svg|avif|heic)$/i.exec(file.name) ?? [];
  const named = extension && `image/${extension.toLowerCase().replace("jpg", "jpeg")}`;
  const type = file.type.startsWith("image/") ? file.type : named;
  if (!type) throw invalidInput('"image" must be an image file');
  return `data:${type};base64,${toBase64(await file.bytes())}`;
}
