/** Rows and questions whose answers are known: 40 subjects, each with five rows. */

/** A row about one subject. */
export interface LabelledRow {
  subject: number;
  title: string;
  body: string;
}

/** A question whose answer is in the rows of one subject. */
export interface LabelledQuestion {
  subject: number;
  question: string;
}

/** Two words of similar meaning each: rows use both, questions the second. */
const THINGS = [
  ["bicycle", "bike"],
  ["guitar", "music"],
  ["pizza", "recipe"],
  ["tomato", "garden"],
  ["hotel", "trip"],
  ["invoice", "bill"],
  ["parcel", "shipment"],
  ["espresso", "coffee"],
] as const;
const MATTERS = [
  ["broken", "damage"],
  ["refund", "reimburse"],
  ["late", "delay"],
  ["great", "praise"],
  ["password", "login"],
] as const;
const PLACES = ["Leipzig", "Lyon", "Leeds", "Porto", "Turin"];

/** Creates 200 rows and 60 questions, the same on every run. */
export function createLabelledSet(): { rows: LabelledRow[]; questions: LabelledQuestion[] } {
  const rows: LabelledRow[] = [];
  const questions: LabelledQuestion[] = [];
  for (const [i, [thing, alike]] of THINGS.entries()) {
    for (const [j, [matter, same]] of MATTERS.entries()) {
      const subject = i * MATTERS.length + j;
      for (const [k, place] of PLACES.entries()) {
        const [first, other] = k % 2 === 0 ? [thing, same] : [alike, matter];
        rows.push({
          subject,
          title: `${place}: ${first} and ${matter}`,
          body: `A person wrote from ${place} that it concerns the ${thing}, ${other} included.`,
        });
      }
      questions.push({ subject, question: `Which ones mention ${same} with a ${alike}?` });
      if (subject % 2 === 0) {
        questions.push({ subject, question: `Where does ${thing} go together with ${matter}?` });
      }
    }
  }
  return { rows, questions };
}
