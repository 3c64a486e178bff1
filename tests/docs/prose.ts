/** The sentences of the repository: comments and texts of the sources, and the pages. */
import ts from "typescript";
import { list, pages } from "./pages.ts";

const ROOT = new URL("../../", import.meta.url);
const FOLDERS = ["client", "functions", "migrations", "shared", "tests", "tools"];
/** Recorded traffic, which stays verbatim. */
const RECORDED = /^tests\/golden\//;

/** A piece of prose, and where it stands. */
export interface Prose {
  path: string;
  /** Counted from 1. */
  line: number;
  text: string;
}

/** Everything that people read: one entry per comment, text of several words, or line of a page. */
export function listProse(): Prose[] {
  const sources = FOLDERS.flatMap(listFiles).filter((path) => !RECORDED.test(path));
  return [
    ...sources.flatMap(readSource),
    ...pages.flatMap(({ path, text }) => toLines(path, text)),
    ...[".env.example", ".ci/run", "deno.json"].flatMap((path) => toLines(path, read(path))),
  ];
}

/** Every file below a folder, as paths from the root of the repository. */
function listFiles(folder: string): string[] {
  return list(folder).flatMap((path) =>
    Deno.statSync(new URL(path, ROOT)).isDirectory ? listFiles(path) : [path]
  );
}

function readSource(path: string): Prose[] {
  if (path.endsWith(".ts")) return readTypeScript(path, read(path));
  if (path.endsWith(".sql")) return findAll(path, read(path), /--.*/g);
  if (path.endsWith(".css")) return findAll(path, read(path), /\/\*[\s\S]*?\*\//g);
  if (/\.(html|yml)$|\/Dockerfile/.test(path)) return toLines(path, read(path));
  return [];
}

/** The comments of a module, and its texts of several words; names and keys have no spaces. */
function readTypeScript(path: string, text: string): Prose[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest);
  const found: Prose[] = [];
  const add = (position: number, piece: string) =>
    found.push({ path, line: file.getLineAndCharacterOfPosition(position).line + 1, text: piece });
  const visit = (node: ts.Node) => {
    if (isText(node) && /\S\s+\S/.test(node.text)) add(node.getStart(file), node.text);
    node.forEachChild(visit);
  };
  visit(file);
  for (const { pos, end } of listComments(file, text)) add(pos, text.slice(pos, end));
  return found;
}

function isText(node: ts.Node): node is ts.Node & { text: string } {
  return ts.isStringLiteralLike(node) || ts.isTemplateHead(node) ||
    ts.isTemplateMiddleOrTemplateTail(node);
}

/** The comments before and after every token, each once. */
function listComments(file: ts.SourceFile, text: string): ts.CommentRange[] {
  const found = new Map<number, ts.CommentRange>();
  const visit = (node: ts.Node) => {
    if (ts.isToken(node) || node.getChildCount(file) === 0) {
      const ranges = [
        ...ts.getLeadingCommentRanges(text, node.getFullStart()) ?? [],
        ...ts.getTrailingCommentRanges(text, node.getEnd()) ?? [],
      ];
      for (const range of ranges) found.set(range.pos, range);
    }
    for (const child of node.getChildren(file)) visit(child);
  };
  visit(file);
  return [...found.values()];
}

function findAll(path: string, text: string, pattern: RegExp): Prose[] {
  return [...text.matchAll(pattern)].map(({ 0: piece, index }) => ({
    path,
    line: text.slice(0, index).split("\n").length,
    text: piece,
  }));
}

function toLines(path: string, text: string): Prose[] {
  return text.split("\n").map((line, i) => ({ path, line: i + 1, text: line }));
}

function read(path: string): string {
  return Deno.readTextFileSync(new URL(path, ROOT));
}
