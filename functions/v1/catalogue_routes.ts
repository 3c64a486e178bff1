/** The operations of `v1` that read the gateway's catalogue of models. */
import { requireUser } from "../../shared/auth/user_token.ts";
import type { App } from "../../shared/http/app.ts";
import type { Call } from "../../shared/http/call.ts";
import { type ModelCount, readDetails, readModel, readModels } from "./catalogue.ts";
import { CREDENTIAL } from "./credential.ts";

/** Adds the operations. The route that takes any id comes last. */
export function addCatalogueRoutes(app: App): void {
  app.on("GET", ["/models", "/api/v1/models"], async ({ env: call }) => {
    await requireUser(call, CREDENTIAL);
    return Response.json(await readModels(call, readQuery(call)));
  });

  app.get("/models/count", async ({ env: call }) => {
    await requireUser(call, CREDENTIAL);
    const { total_count: count } = await readModels(call, readQuery(call));
    return Response.json({ data: { count } } satisfies ModelCount);
  });

  app.get("/embeddings/models", async ({ env: call }) => {
    await requireUser(call, CREDENTIAL);
    const query = readQuery(call);
    query.set("output_modalities", "embeddings");
    return Response.json(await readModels(call, query));
  });

  app.get("/models/:author/:slug/endpoints", async (c) => {
    await requireUser(c.env, CREDENTIAL);
    return Response.json(await readDetails(c.env, { ...c.req.param(), part: "endpoints" }));
  });

  app.get("/model/:author/:slug", async (c) => {
    await requireUser(c.env, CREDENTIAL);
    return Response.json(await readDetails(c.env, c.req.param()));
  });

  app.get("/models/:id{.+}", async (c) => {
    await requireUser(c.env, CREDENTIAL);
    return Response.json(await readModel(c.env, c.req.param("id")));
  });
}

function readQuery({ request }: Call): URLSearchParams {
  return new URL(request.url).searchParams;
}
