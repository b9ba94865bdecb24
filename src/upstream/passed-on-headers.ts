/** An upstream's headers; a list for one that came several times. */
export type ReplyHeaders = Readonly<Record<string, string | string[] | undefined>>;

const passedOn = /^(?:openai-processing-ms|retry-after|x-ratelimit-[a-z-]+)$/;

/** Those that clients know how to read. */
export function passedOnHeaders(headers: ReplyHeaders): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (typeof value === 'string' && passedOn.test(name)) passed[name] = value;
  }
  return passed;
}
