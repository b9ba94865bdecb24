import { z } from 'zod';

/** What the simulated models read of a chat completion; the rest is ignored, as real ones do. */
const chatBody = z.object({
  model: z.string(),
  messages: z.array(z.looseObject({ role: z.string(), content: z.unknown().optional() })).min(1),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  n: z.int().min(1).max(8).nullish(),
  max_tokens: z.int().min(1).nullish(),
  max_completion_tokens: z.int().min(1).nullish(),
  stop: z.union([z.string(), z.array(z.string())]).nullish(),
  tools: z
    .array(
      z.object({
        function: z.object({
          name: z.string(),
          parameters: z
            .looseObject({ properties: z.record(z.string(), z.unknown()).optional() })
            .nullish(),
        }),
      }),
    )
    .nullish(),
  tool_choice: z.unknown().optional(),
});

export interface DemoTool {
  readonly name: string;
  /** Parameter names with their JSON schemas. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

export interface DemoRequest {
  readonly model: string;
  /** The last message that is not the system's. */
  readonly last: { readonly role: string; readonly text: string };
  /** Words in all messages: what the simulation calls prompt tokens. */
  readonly promptTokens: number;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly choices: number;
  readonly maxTokens: number;
  readonly stop: readonly string[];
  readonly tools: readonly DemoTool[];
  /** A tool must be called: `tool_choice` is `required` or names one. */
  readonly mustCall: boolean;
}

/** Null when the body is no chat completion request. */
export function parseDemoRequest(body: unknown): DemoRequest | null {
  const parsed = chatBody.safeParse(body);
  if (!parsed.success) return null;
  const { data } = parsed;
  const texts = data.messages.map(({ content }) => textOf(content));
  const lastMessage = data.messages.at(-1);
  const chosen = data.tool_choice;
  const forced = toolName(chosen);
  const tools = (chosen === 'none' ? [] : (data.tools ?? [])).map((tool) => ({
    name: tool.function.name,
    parameters: tool.function.parameters?.properties ?? {},
  }));
  return {
    model: data.model,
    last: { role: lastMessage?.role ?? 'user', text: texts.at(-1) ?? '' },
    promptTokens: countWords(texts.join(' ')),
    stream: data.stream === true,
    includeUsage: data.stream_options?.include_usage === true,
    choices: data.n ?? 1,
    maxTokens: data.max_completion_tokens ?? data.max_tokens ?? Infinity,
    stop: data.stop == null ? [] : [data.stop].flat(),
    tools: forced === null ? tools : tools.filter(({ name }) => name === forced),
    mustCall: chosen === 'required' || forced !== null,
  };
}

/** A message's content is a text, a list of parts, or null. */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  const textPart = z.object({ type: z.literal('text'), text: z.string() });
  return content
    .map((part) => textPart.safeParse(part).data?.text ?? '')
    .filter((text) => text !== '')
    .join(' ');
}

function toolName(choice: unknown): string | null {
  const named = z.object({ function: z.object({ name: z.string() }) }).safeParse(choice);
  return named.success ? named.data.function.name : null;
}

export function countWords(text: string): number {
  return text.split(/\s+/).filter((word) => word !== '').length;
}
