/** The operations of `v1` that read the gateway's catalogue of models. */
import type { Call } from "../../shared/http/call.ts";
import { type ModelCount, readDetails, readModel, readModels } from "./catalogue.ts";
import type { RouteContext } from "./late_route.ts";

/** Serves `GET /models`. */
export async function getModels({ call }: RouteContext): Promise<Response> {
  return Response.json(await readModels(call, readQuery(call)));
}

/** Serves `GET /models/count`. */
export async function countModels({ call }: RouteContext): Promise<Response> {
  const { total_count: count } = await readModels(call, readQuery(call));
  return Response.json({ data: { count } } satisfies ModelCount);
}

/** Serves `GET /embeddings/models`. */
export async function getEmbeddingModels({ call }: RouteContext): Promise<Response> {
  const query = readQuery(call);
  query.set("output_modalities", "embeddings");
  return Response.json(await readModels(call, query));
}

/** Serves `GET /models/:author/:slug/endpoints`. */
export async function getEndpoints({ call, param }: RouteContext): Promise<Response> {
  const model = { author: param("author"), slug: param("slug") };
  return Response.json(await readDetails(call, { ...model, part: "endpoints" }));
}

/** Serves `GET /model/:author/:slug`. */
export async function getDetails({ call, param }: RouteContext): Promise<Response> {
  return Response.json(await readDetails(call, { author: param("author"), slug: param("slug") }));
}

/** Serves `GET /models/:id`. */
export async function getModel({ call, param }: RouteContext): Promise<Response> {
  return Response.json(await readModel(call, param("id")));
}

function readQuery({ request }: Call): URLSearchParams {
  return new URL(request.url).searchParams;
}
