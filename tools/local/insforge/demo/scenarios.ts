/** The support tickets of the demo's coffee company, as templates. */

/** One kind of ticket. `{slots}` are filled from `slots.ts`. */
export interface Scenario {
  category: string;
  /** Its frequency, relative to the others. */
  weight: number;
  priorities: string[];
  /** Bodies by subject. */
  texts: Record<string, string>;
}

/** Every kind of ticket. */
export const SCENARIOS: Scenario[] = [
  {
    category: "billing",
    weight: 9,
    priorities: ["high", "high", "urgent"],
    texts: {
      "Charged twice for {month}":
        "I moved from monthly to the {plan} plan on the {day}th and my card was charged {amount} twice. The second charge has a different reference. Please refund one of them.",
      "Double charge after switching to the {plan} plan":
        "There are two payments of {amount} on my statement for {month}, both from you and one minute apart. I only have one subscription. My bank says you have to reverse it.",
    },
  },
  {
    category: "billing",
    weight: 4,
    priorities: ["normal", "low"],
    texts: {
      "Invoice with VAT number needed":
        "Our accountant needs the invoice for order {order} with our VAT number on it. I cannot find a field for it in the account settings.",
      "Company name missing on invoice {order}":
        "Could you send the {month} invoice again, addressed to the company and not to me? The order number is {order}.",
    },
  },
  {
    category: "billing",
    weight: 3,
    priorities: ["normal"],
    texts: {
      "Voucher {voucher} not accepted":
        "The code {voucher} from your newsletter says it has expired, although the mail came {days} days ago. My basket is {amount}.",
      "Discount missing from order {order}":
        "I entered {voucher} at checkout and it showed the discount, but order {order} was charged at the full {amount}.",
    },
  },
  {
    category: "delivery",
    weight: 10,
    priorities: ["normal", "high", "normal"],
    texts: {
      "Order {order} stuck in {depot}":
        "Tracking for order {order} says it has been at the {depot} depot for {days} days. The carrier tells me to ask you. I am out of beans.",
      "No movement on my parcel for {days} days":
        "My {coffee} was due last {weekday}. The tracking page still shows {depot} and has not changed in {days} days. Can you send a replacement?",
    },
  },
  {
    category: "delivery",
    weight: 5,
    priorities: ["normal"],
    texts: {
      "Delivered to the wrong address":
        "The carrier claims order {order} was handed over on {weekday}, but nobody here has it. I moved in {month} and changed the address in my account before the order.",
      "Parcel left at a neighbour I do not know":
        "The card in my letterbox says the parcel is with a neighbour, without a name or number. I have asked the whole house. It was order {order}.",
    },
  },
  {
    category: "delivery",
    weight: 4,
    priorities: ["high", "normal"],
    texts: {
      "Bag of {coffee} arrived torn":
        "The box was fine but the bag inside was open and half of the {coffee} was loose in the parcel. I have photos. Order {order}.",
      "Broken {part} on arrival":
        "I unpacked my {machine} today and the {part} is cracked. The carton had a dent on that side. How do I get a new one?",
    },
  },
  {
    category: "machine",
    weight: 8,
    priorities: ["high", "normal"],
    texts: {
      "{machine} leaks from the {part}":
        "After about {days} days my {machine} started to leak around the {part}. I descaled it as the manual says and it still leaves a puddle every morning.",
      "Water under my {machine}":
        "My {machine} loses water through the {part} while it heats up. It is {months} months old, so it should be under warranty.",
    },
  },
  {
    category: "machine",
    weight: 6,
    priorities: ["high", "urgent"],
    texts: {
      "{machine} shows error E{code}":
        "Since the firmware update last {weekday} my {machine} stops with error E{code} in the middle of brewing. Unplugging helps for one cup.",
      "Error E{code} and no coffee":
        "The display shows E{code} and the pump is silent. The manual does not list that number. We have {days} guests this weekend, please help quickly.",
    },
  },
  {
    category: "machine",
    weight: 3,
    priorities: ["low", "normal"],
    texts: {
      "Which grind for the {machine}?":
        "I get a very bitter cup with {coffee} at the factory setting of my {machine}. Should I grind coarser or use less water?",
      "Descaling the {machine}":
        "How often should I descale with soft water? My {machine} has asked for it three times in {months} months.",
    },
  },
  {
    category: "account",
    weight: 7,
    priorities: ["high", "normal"],
    texts: {
      "Password reset mail never arrives":
        "I asked for a new password {days} times and no mail arrives, not even in the spam folder. My address is with {provider}. Your order mails do come through.",
      "Cannot sign in since {weekday}":
        "Since {weekday} the app says my password is wrong. The reset link works on no device because the mail does not reach my {provider} mailbox.",
    },
  },
  {
    category: "account",
    weight: 3,
    priorities: ["normal"],
    texts: {
      "Please delete my account":
        "I have cancelled my subscription and want my account and all data deleted. Please confirm when that is done.",
      "Change of e-mail address":
        "I lose my work address at the end of {month}. How can I move orders and points to a private one?",
    },
  },
  {
    category: "subscription",
    weight: 6,
    priorities: ["normal", "low"],
    texts: {
      "Pause my subscription for {weeks} weeks":
        "We travel for {weeks} weeks and do not need coffee in {month}. The pause button in the app only offers one week.",
      "Skip the {month} delivery":
        "I still have two bags of {coffee}. Please skip the next delivery without ending the {plan} plan.",
    },
  },
  {
    category: "subscription",
    weight: 5,
    priorities: ["high", "normal"],
    texts: {
      "Cancelled but still delivered":
        "I cancelled the {plan} plan in {month} and have the confirmation. This week another bag came and {amount} was taken from my account.",
      "Cancellation not processed":
        "The website says my cancellation is being processed, for {days} days now. I do not want to be billed for another month.",
    },
  },
  {
    category: "app",
    weight: 7,
    priorities: ["normal", "high"],
    texts: {
      "App crashes when I open the orders page":
        "Since version 4.{version} the app closes as soon as I tap on my orders. {device}, latest system. I have installed it again twice.",
      "App closes by itself on {device}":
        "On my {device} the app freezes on the start screen after the update to 4.{version} and then closes. The website works.",
    },
  },
  {
    category: "app",
    weight: 4,
    priorities: ["low"],
    texts: {
      "Wish: dark mode":
        "I brew before sunrise and the white screen is painful. Is a dark mode planned for the {device} app?",
      "Wish: brew timer on the lock screen":
        "It would help to see the brew timer of my {machine} without unlocking the phone. Otherwise a very good app.",
    },
  },
  {
    category: "quality",
    weight: 5,
    priorities: ["normal"],
    texts: {
      "{coffee} tastes different this time":
        "I have ordered {coffee} every month for a year. The last bag is much darker and tastes burnt. Has the roast changed?",
      "Roast date on {coffee}":
        "The roast date on my {coffee} is {months} months ago. For this price I expect fresh beans.",
    },
  },
  {
    category: "quality",
    weight: 4,
    priorities: ["low"],
    texts: {
      "Thank you":
        "Only a word of thanks: {agent} answered within an hour and the new {part} was here two days later. I will recommend you.",
      "Great service from {agent}":
        "The {coffee} is the best I have had. Please keep it in the shop after {month}.",
    },
  },
  {
    category: "returns",
    weight: 5,
    priorities: ["normal", "high"],
    texts: {
      "Refund for return {order} still missing":
        "You received my return {order} {days} days ago, the tracking proves it. The {amount} are not back on my card yet.",
      "Returned {machine}, no refund":
        "I sent the {machine} back within the two weeks because it is too loud. {weeks} weeks later there is neither a mail nor a refund.",
    },
  },
];
