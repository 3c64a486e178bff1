/** Runs before the first paint and hides the welcome from users who are signed in already. */
import "./element.ts";

/** The key of this tab's session in `sessionStorage`. */
export const SESSION_KEY = "playground.session";

if (sessionStorage.getItem(SESSION_KEY)) document.documentElement.dataset.returning = "";
