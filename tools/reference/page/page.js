/* global SwaggerUIBundle */
/** Shows the API reference, in the colours that the reader's system asks for. */

const dark = matchMedia("(prefers-color-scheme: dark)");
const paint = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", paint);
paint();

SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  // Otherwise it asks a validator of its own makers.
  validatorUrl: null,
});
