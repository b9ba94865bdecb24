/*
 * Prompts of an imagined team's day, made from patterns: easy ones and hard ones in about the mix that
 * assistants see. Written for this script; no one's traffic.
 */

const easy = [
  'Translate to French: "Thank you for {thing}, we will come back to you {when}."',
  'Write a short, friendly reply to a customer who asks for {thing}.',
  'What is the capital of {country}?',
  'Summarise in one sentence: our {team} moved the release to {when} because of {thing}.',
  'Correct the spelling: "I recieved {thing} from the {team} yestarday."',
  'Give me five names for a newsletter of the {team}.',
  'Convert {n} miles to kilometres.',
  'What does the abbreviation {term} stand for?',
  'Write a subject line for an e-mail about {thing}.',
  'Is {n} a prime number?',
  'List three questions to ask in an interview for the {team}.',
  'Rewrite more politely: "Send me {thing} {when}."',
];

const hard = [
  'Prove that the sum of the first {n} odd numbers is a perfect square, and generalise it to k-th powers.',
  'Our {term} index makes writes slow: given 40 million rows and a hot partition for {country}, compare three schema designs and work out the write amplification of each.',
  'Write a TypeScript function that merges overlapping intervals and prove its complexity; then make it incremental.',
  'A train leaves {country} at {n} km/h and another one {n} minutes later at twice the speed. Derive where they meet for any head start.',
  'Find the race condition in this worker pool: a task is taken before the lock on {term} is released, and {thing} is written by two threads. Explain which interleaving loses an update and fix it without a global lock.',
  'Derive the gradient of the softmax cross entropy with label smoothing and check it for {n} classes.',
  'Design a rate limiter for the {team} that holds {n} requests a second over three regions when one is cut off. What is lost under each CAP choice?',
  'A patient takes {n} mg of a drug with a half-life of 6 hours every 8 hours. Find the steady-state peak and trough, and how long until 95 % of it.',
  'Refactor this recursive descent parser for {term} to report several errors without looping, and argue why it terminates on every input.',
  'Prove or disprove: every continuous function that maps rationals to rationals on [0, {n}] is piecewise linear.',
];

const slots: Readonly<Record<string, readonly string[]>> = {
  thing: ['the invoice', 'a refund', 'the travel plan', 'the contract draft', 'two more seats', 'the logs'],
  when: ['next week', 'on Monday', 'by noon', 'after the audit', 'in March'],
  country: ['Portugal', 'Kenya', 'Peru', 'Finland', 'Vietnam', 'Chile', 'Norway'],
  team: ['support team', 'data team', 'platform team', 'sales team', 'design team'],
  term: ['SQL', 'LSM', 'BM25', 'CRDT', 'TLS', 'OAuth', 'JSON'],
  n: ['7', '12', '25', '48', '97', '100', '250'],
}; // prettier-ignore

/** @param random uniform in [0, 1) */
export function demoPrompt(random: () => number): {
  readonly text: string;
  readonly hard: boolean;
} {
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)]!;
  const isHard = random() < 0.42;
  const text = pick(isHard ? hard : easy).replace(/\{(\w+)\}/g, (_, slot: string) =>
    pick(slots[slot] ?? ['']),
  );
  return { text, hard: isHard };
}
