/** Generates 3D objects with an old API that may be gone. https://openrouter.ai/docs/api-reference */
import * as z from "zod/mini";
import { requireUser, type User } from "../../shared/auth/user_token.ts";
import { createApp } from "../../shared/http/app.ts";
import { readBody } from "../../shared/http/body.ts";
import type { Call } from "../../shared/http/call.ts";
import { requireBucket } from "../../shared/insforge/storage.ts";
import { createObjects, type MediaOutput } from "../../shared/openrouter/objects.ts";
import {
  type SavedMedia,
  saveMedia,
  type UnsavedMedia,
} from "../../shared/openrouter/saved_media.ts";
import { requireShort } from "../../shared/request/chat_request.ts";
import { objectRequest as plainRequest } from "../../shared/request/object_request.ts";
import { type SavePlace, savePlace } from "../../shared/request/save_place.ts";

/** What to generate, and whether to save it in the app's storage. */
export const objectRequest = z.extend(plainRequest, { save: z.optional(savePlace) });

/** An object that storage did not accept. It is paid for, so it is in the response. */
export interface UnsavedObject extends MediaOutput {
  /** Why it was not saved. */
  save_error: UnsavedMedia["save_error"];
}

/** The response. */
export interface ObjectAnswer {
  /** At least one object: as a file, behind a URL, or saved in storage. */
  generations: (MediaOutput | SavedMedia | UnsavedObject)[];
}

const { app, handler } = createApp("object-gen");
export default handler;

app.post("/", async ({ env: call }) => {
  const user = await requireUser(call);
  const { save, ...request } = await readBody(call, objectRequest);
  requireShort(request.prompt, "prompt", call.settings);
  if (save) await requireBucket(user, save, call.settings);
  const { generations } = await createObjects(call, request);
  const type = `model/${request.extension ?? "ply"}`;
  const answer: ObjectAnswer = {
    generations: save ? await saveObjects(generations, { type, user, save, call }) : generations,
  };
  return Response.json(answer);
});

async function saveObjects(
  generations: MediaOutput[],
  { type, user, save, call }: { type: string; user: User; save: SavePlace; call: Call },
): Promise<(SavedMedia | UnsavedObject)[]> {
  const media = generations.map(({ uri = "", url = "" }) =>
    uri ? { media_type: type, data_url: `data:${type};base64,${uri}` } : { media_type: type, url }
  );
  const saved = await saveMedia(user, media, save, call);
  return saved.map((one, i) =>
    "save_error" in one ? { ...generations[i], save_error: one.save_error } : one
  );
}
