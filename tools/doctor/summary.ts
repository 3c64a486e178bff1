/** The last line of the doctor. */
import type { Finding } from "./finding.ts";

/** What only a deployment needs: `serve` works without a build and without a project. */
const FOR_DEPLOYMENT = ["build", "project"];

/** Says whether the app works on this machine, and whether it can be deployed. */
export function summarize(findings: Finding[]): string {
  const failures = findings.filter(({ level }) => level === "fail");
  const local = failures.filter(({ subject }) => !FOR_DEPLOYMENT.includes(subject));
  // A project that is linked may have the key as a secret: then the comparison with it decides.
  const isLinked = !findings.some(({ subject, needs }) => subject === "project" && needs);
  const needs = isLinked ? [] : findings.flatMap(({ needs }) => needs ?? []);
  const deployment = [
    ...failures.length > 0 ? [count(failures)] : [],
    ...needs.length > 0 ? [`needs ${needs.join(" and ")}`] : [],
  ];
  return `Local use: ${local.length > 0 ? count(local) : "works"}. ` +
    `Deployment: ${deployment.join(", ") || "works"}`;
}

function count({ length }: Finding[]): string {
  return `${length} of these would fail`;
}
