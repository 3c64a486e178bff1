/** Generates 3D objects with an old API that may be gone. https://openrouter.ai/docs/api-reference */
import { requireUser } from "../../shared/auth/user_token.ts";
import { createApp } from "../../shared/http/app.ts";
import { readBody } from "../../shared/http/body.ts";
import { createObjects } from "../../shared/openrouter/objects.ts";
import { requireShort } from "../../shared/request/chat_request.ts";
import { objectRequest } from "../../shared/request/object_request.ts";

const { app, handler } = createApp("object-gen");
export default handler;

app.post("/", async ({ env: call }) => {
  await requireUser(call);
  const request = await readBody(call, objectRequest);
  requireShort(request.prompt, "prompt", call.settings);
  return Response.json(await createObjects(call, request));
});
