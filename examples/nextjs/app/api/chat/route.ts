import { AiError, createAiClient } from "insforge-ai-functions/client";

/** `{ prompt }` in, `{ text }` out: the route of InsForge's documentation, with the functions behind it. */
export async function POST(request: Request): Promise<Response> {
  const token = request.headers.get("authorization")?.replace(/^bearer /i, "") ?? null;
  const ai = createAiClient({
    functionsUrl: process.env.FUNCTIONS_URL!,
    // A server cannot refresh the user's session: the page gets the 401.
    getAccessToken: ({ refresh }) => refresh ? null : token,
  });
  const { prompt } = await request.json().catch(() => ({}));
  try {
    const { text } = await ai.chat({ prompt }, { signal: request.signal });
    return Response.json({ text });
  } catch (error) {
    if (!(error instanceof AiError)) throw error;
    return Response.json({ error: error.message }, { status: error.status || 502 });
  }
}
