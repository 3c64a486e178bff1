import { createClient } from "@insforge/sdk";
import { createAiClient } from "insforge-ai-functions/client";

const { VITE_INSFORGE_URL, VITE_INSFORGE_ANON_KEY, VITE_FUNCTIONS_URL } = import.meta.env;

export const insforge = createClient({
  baseUrl: VITE_INSFORGE_URL,
  anonKey: VITE_INSFORGE_ANON_KEY,
});

/** Calls the functions as the signed-in user. */
export const ai = createAiClient({ insforge, functionsUrl: VITE_FUNCTIONS_URL });
