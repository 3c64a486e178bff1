/**
 * Bundles the page of `chat_ui_app.ts`, and measures the adapters. A program of its own, because only
 * it needs the bundler. Output: a {@link ChatUiReport} as JSON.
 */
import * as esbuild from "esbuild";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

/** What the program found out. */
export interface ChatUiReport {
  /** The page's script. */
  code: string;
  /** Bytes of each adapter without its framework, minified and gzipped. */
  sizes: Record<string, number>;
}

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

async function bundle(entry: string, external: string[] = []): Promise<string> {
  const { outputFiles } = await esbuild.build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    platform: "browser",
    define: { "process.env.NODE_ENV": '"production"' },
    external,
    write: false,
    logLevel: "silent",
  });
  return outputFiles[0]!.text;
}

try {
  const sizes: Record<string, number> = {};
  for (const name of ["ai_sdk", "assistant_ui", "react", "tanstack"]) {
    sizes[name] = gzipSync(await bundle(`client/${name}.ts`, ["react"])).length;
  }
  const report: ChatUiReport = { code: await bundle("tests/client/chat_ui_app.ts"), sizes };
  console.log(JSON.stringify(report));
} finally {
  await esbuild.stop();
}
