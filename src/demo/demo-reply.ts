import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DemoAnswer, DemoToolCall } from './demo-answer.ts';
import type { DemoRequest } from './demo-request.ts';

/** Sends the answer at the model's pace, as JSON or as a stream; rejects when the signal aborts. */
export async function sendAnswer(
  response: ServerResponse,
  request: DemoRequest,
  answer: DemoAnswer,
  { msPerWord, signal }: { msPerWord: number; signal: AbortSignal },
): Promise<void> {
  const ids = {
    id: `chatcmpl-${randomUUID()}`,
    created: Math.floor(Date.now() / 1000),
    model: request.model,
  };
  const usage = {
    prompt_tokens: request.promptTokens,
    completion_tokens: answer.completionTokens * request.choices,
    total_tokens: request.promptTokens + answer.completionTokens * request.choices,
  };
  const toolCalls = answer.toolCall === null ? null : [describeToolCall(answer.toolCall)];
  const indexes = Array.from({ length: request.choices }, (_, index) => index);

  if (!request.stream) {
    await sleep(msPerWord * answer.completionTokens, undefined, { signal });
    const message = {
      role: 'assistant',
      content: toolCalls === null ? answer.words.join('') : null,
      ...(toolCalls !== null && { tool_calls: toolCalls }),
    };
    const choices = indexes.map((index) => ({
      index,
      message,
      finish_reason: answer.finishReason,
    }));
    sendJson(response, 200, { ...ids, object: 'chat.completion', choices, usage });
    return;
  }

  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  const sendChunk = (choices: object[], chunkUsage: object | null = null) => {
    const chunk = { ...ids, object: 'chat.completion.chunk', choices };
    const event = request.includeUsage ? { ...chunk, usage: chunkUsage } : chunk;
    response.write(`data: ${JSON.stringify(event)}\n\n`);
  };
  const sendDelta = (delta: object, finishReason: string | null = null) =>
    sendChunk(indexes.map((index) => ({ index, delta, finish_reason: finishReason })));

  sendDelta({ role: 'assistant', content: toolCalls === null ? '' : null });
  for (const word of answer.words) {
    await sleep(msPerWord, undefined, { signal });
    sendDelta({ content: word });
  }
  if (toolCalls !== null) {
    await sleep(msPerWord, undefined, { signal });
    sendDelta({ tool_calls: toolCalls.map((call, index) => ({ index, ...call })) });
  }
  sendDelta({}, answer.finishReason);
  if (request.includeUsage) sendChunk([], usage);
  response.end('data: [DONE]\n\n');
}

function describeToolCall(call: DemoToolCall) {
  return { id: `call_${randomUUID()}`, type: 'function', function: call };
}

export function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

/** An error in OpenAI's shape. */
export function sendError(
  response: ServerResponse,
  status: number,
  message: string,
  code: string | null = null,
): void {
  const error = { message, type: 'invalid_request_error', param: null, code };
  sendJson(response, status, { error });
}
