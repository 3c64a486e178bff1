/**
 * Stands for `@insforge/sdk` on self-hosted InsForge, whose worker passes `createClient` to every
 * function. `createClient` here is the worker's parameter, which no module declares.
 */
const injected = createClient;
export { injected as createClient };
