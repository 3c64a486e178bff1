/**
 * `@insforge/sdk` on self-hosted InsForge: its worker hands `createClient` to every function, so the
 * SDK is left out of the script. No module declares that name; it is the worker's parameter.
 */
const injected = createClient;
export { injected as createClient };
