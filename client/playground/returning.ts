/** Keeps the welcome from flashing up when a signed-in user comes back: runs before the first paint. */
import "./element.ts";

/** Where the session of this tab is kept. */
export const SESSION_KEY = "playground.session";

if (sessionStorage.getItem(SESSION_KEY)) document.documentElement.dataset.returning = "";
