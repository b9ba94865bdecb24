import { keepHeadAndTail } from '../embedding/bounded-text.ts';

/** About 6,000 tokens: what rates need not read all of a long paste. */
const maxCharacters = 24_000;

const instruction = `You judge questions, you never answer them. Below is a message that a user sends to a small AI assistant. Predict how good the assistant's answer will be, on a scale from 1 to 5:

5 - correct, complete and well put: the message is well within what a small assistant can do
4 - good, with flaws that hardly matter
3 - usable, with gaps or small mistakes
2 - poor: important parts are wrong or missing, the message is too hard, too vague or needs rare knowledge
1 - wrong or useless

Reply with the one digit and nothing else.`;

export interface ChatMessage {
  readonly role: 'system' | 'user';
  readonly content: string;
}

/** Asks for the quality of the weak model's answer in one token. */
export function causalLlmMessages(prompt: string): ChatMessage[] {
  return [
    { role: 'system', content: instruction },
    {
      role: 'user',
      content: `[Message]\n${keepHeadAndTail(prompt, maxCharacters)}\n[End of message]\n\nRating (1 to 5):`,
    },
  ];
}
