/**
 * The URL of an API path under a configured base URL: a base with a path is kept word for word,
 * and `/v1` is added only where the path is empty (LiteLLM#9808: `/v1/api/generate`, `/v1/v1/...`).
 *
 * joinApiUrl('http://localhost:11434', 'chat/completions') is
 * 'http://localhost:11434/v1/chat/completions'.
 */
export function joinApiUrl(baseUrl: string, path: string): string {
  const url = new URL(baseUrl);
  const basePath = url.pathname.replace(/\/+$/, '');
  url.pathname = `${basePath === '' ? '/v1' : basePath}/${path}`;
  return url.href;
}

/** For logs and headers: without user, password, query and fragment. */
export function withoutCredentials(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
