export interface ChatReply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

/** POSTs to a gateway; `body` is JSON text or a value. */
export async function post(url: string, body: unknown, headers = {}): Promise<ChatReply> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return readReply(response);
}

export async function get(url: string): Promise<ChatReply> {
  return readReply(await fetch(url));
}

async function readReply(response: Response): Promise<ChatReply> {
  const text = await response.text();
  let json: Record<string, unknown> = {};
  try {
    json = JSON.parse(text) as Record<string, unknown>;
  } catch {
    // a stream or plain text
  }
  return { status: response.status, headers: response.headers, text, json };
}

export function ask(content: unknown, rest: Record<string, unknown> = {}) {
  return { model: 'auto', messages: [{ role: 'user', content }], ...rest };
}
