/** The concepts in a text, by a short thesaurus. Words of one line have a similar meaning. */

/** Concepts by name. A word may belong to several. */
const THESAURUS: Record<string, string> = {
  payment: "pay payment paid charge bill billing invoice debit fee cost price card amount checkout",
  refund: "refund reimburse repay return reverse chargeback credit",
  twice: "twice two double second duplicate again",
  subscription: "subscription subscribe plan membership monthly yearly renew month year",
  cancel: "cancel stop end terminate quit unsubscribe pause skip",
  data: "data record row entry table dataset database information",
  spreadsheet: "spreadsheet csv excel sheet column file document table",
  transfer: "export download import upload save backup copy extract transfer",
  failure: "crash freeze hang close fail failure error bug break broken stop issue problem trouble",
  application: "app application program software client version update device phone mobile",
  settings: "setting preference option configuration configure profile page menu screen",
  account: "account login signin sign log password user member credential access reset",
  email: "mail email inbox message newsletter spam mailbox",
  delivery:
    "deliver delivery ship shipping shipment parcel package order courier carrier track arrive",
  delay: "late delay wait slow stuck overdue missing lost never",
  damage: "damage broken torn crack leak dent defective faulty",
  coffee: "coffee espresso bean roast brew cup grind latte drink tea",
  machine: "machine device appliance hardware equipment tank pump",
  water: "water rain wet sea ocean river leak liquid",
  support: "support help assist service agent team contact question",
  thanks: "thank thanks grateful great excellent love happy recommend praise",
  wish: "wish request feature suggest idea improve want add",
  animal: "animal cat dog kitten puppy pet horse bird fish wolf",
  food: "food eat meal cook recipe dinner lunch bread pizza pasta restaurant kitchen",
  plant: "plant garden tree flower tomato grow leaf seed",
  travel: "travel trip journey flight hotel holiday vacation city country visit",
  weather: "weather rain sun sunny snow storm cloud wind warm cold",
  money: "money price cost cheap expensive budget dollar euro salary bank",
  vehicle: "car vehicle automobile truck bus bike bicycle train drive",
  health: "health doctor hospital medicine ill sick disease patient",
  school: "school student teacher learn study university course lesson class",
  work: "work job office company business employee boss career",
  time: "time day week hour today tomorrow yesterday date clock",
  song: "music song sing guitar piano band melody concert",
};

/** Words that stand for a phrase once it is replaced: "two times" means "twice". */
const PHRASES: [phrase: RegExp, word: string][] = [
  [/\b(two|2) times\b/g, "twice"],
  [/\b(log|sign)(ged)? ?(in|on)\b/g, "login"],
  [/\bmoney back\b/g, "refund"],
  [/\be-mails?\b/g, "email"],
];

const CONCEPTS = new Map<string, string[]>();
for (const [concept, words] of Object.entries(THESAURUS)) {
  for (const word of words.split(" ")) {
    const stem = toStem(word);
    CONCEPTS.set(stem, [...(CONCEPTS.get(stem) ?? []), concept]);
  }
}

/** Returns the concepts of a text in lower case, each once. */
export function findConcepts(text: string): string[] {
  const replaced = PHRASES.reduce((text, [phrase, word]) => text.replace(phrase, word), text);
  const words = replaced.match(/\p{L}+/gu) ?? [];
  return [...new Set(words.flatMap((word) => CONCEPTS.get(toStem(word)) ?? []))];
}

/** A word without the usual English endings. */
function toStem(word: string): string {
  if (word.length < 4) return word;
  const bare = word.replace(/(ies|ied)$/, "y").replace(/(ing|ed|es|s|e)$/, "");
  return bare.replace(/([bdgmnprt])\1$/, "$1");
}
