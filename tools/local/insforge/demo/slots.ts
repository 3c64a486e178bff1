/** Words for the slots of the demo's tickets, and names of customers. */

/** The words for each slot. */
export const SLOTS: Record<string, string[]> = {
  agent: ["Jonas", "Priya", "Marta", "Owen"],
  amount: [
    "14.90 EUR",
    "19.80 EUR",
    "27.50 EUR",
    "38.00 EUR",
    "54.90 EUR",
    "129.00 EUR",
    "349.00 EUR",
  ],
  code: ["04", "07", "07", "07", "12", "21"],
  coffee: ["Morning Fog", "Sidamo Natural", "House Espresso", "Decaf Huila", "Winter Blend"],
  day: ["3", "7", "12", "18", "24"],
  days: ["3", "4", "5", "6", "8", "9", "11"],
  depot: ["Leipzig", "Leipzig", "Leipzig", "Rotterdam", "Lyon", "Leeds"],
  device: ["Pixel 8", "iPhone 14", "Galaxy S23", "iPad", "Fairphone 5"],
  machine: ["Drift One", "Drift Duo", "Piccolo", "Harbour Pro"],
  month: ["June", "July", "August", "September", "October"],
  months: ["2", "3", "5", "7", "10", "14"],
  part: ["water tank", "brew group", "drip tray", "steam wand", "lid"],
  plan: ["yearly", "office", "two-bag", "tasting"],
  provider: ["Outlook", "Outlook", "iCloud", "Gmail", "GMX"],
  version: ["2", "2", "2", "1", "0"],
  voucher: ["AUTUMN15", "WELCOME10", "FRIEND20"],
  weekday: ["Monday", "Tuesday", "Thursday", "Friday", "Saturday"],
  weeks: ["2", "3", "4", "6"],
};

/** First names of customers. */
export const FIRST_NAMES = [
  ..."Alba Amir Anika Beatriz Bogdan Chiara Daniel Deniz Elif Emeka Farah Finn Greta Hanna Hiroshi"
    .split(" "),
  ..."Ines Ivan Jamal Julia Kofi Lars Leila Lucas Mai Mateo Mei Nadia Noah Olga Omar Petra Rafael"
    .split(" "),
  ..."Ruth Sami Sofia Tariq Thea Tomas Uma Vera Wanda Yusuf Zoe".split(" "),
];

/** Last names of customers. */
export const LAST_NAMES = [
  ..."Abebe Almeida Bauer Bianchi Brandt Castillo Chen Costa Dubois Eriksen Fischer Garcia Haddad"
    .split(" "),
  ..."Horvat Ivanova Jansen Kaya Kim Kowalski Larsen Lindqvist Marin Meyer Mori Moreau Nguyen"
    .split(" "),
  ..."Novak Okafor Osei Patel Petrov Rossi Santos Schmidt Silva Singh Tanaka Walsh Weber Yilmaz"
    .split(" "),
];
