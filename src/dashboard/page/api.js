import { byId } from './dom.js';

/* Asks the server. The admin key, where one is needed, stays in this tab's session storage. */

const keyName = 'pointsman-admin-key';
/** @type {Promise<void> | null} */
let asking = null;

export class ApiError extends Error {
  /** @param {number} status @param {string} message */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/**
 * @template Body
 * @param {string} path below `/dashboard/api/`
 * @param {{ etag?: string | null, signal?: AbortSignal | null }} [options]
 * @returns {Promise<{ body: Body, etag: string | null } | null>} null: what `etag` names still holds
 */
export async function get(path, { etag = null, signal = null } = {}) {
  const response = await send(path, {
    headers: etag === null ? {} : { 'if-none-match': etag },
    cache: 'no-store',
    signal,
  });
  if (response.status === 304) return null;
  return { body: await response.json(), etag: response.headers.get('etag') };
}

/**
 * @template Body
 * @param {string} path
 * @param {unknown} body
 * @returns {Promise<Body>}
 */
export async function post(path, body) {
  const headers = { 'content-type': 'application/json', 'x-pointsman-dashboard': '1' };
  const response = await send(path, { method: 'POST', headers, body: JSON.stringify(body) });
  return response.json();
}

/**
 * Asks for the key when one is missing or wrong, and tries again.
 * @param {string} path
 * @param {RequestInit & { headers: Record<string, string> }} init
 * @returns {Promise<Response>}
 */
async function send(path, init) {
  for (;;) {
    const key = sessionStorage.getItem(keyName);
    const headers = {
      ...init.headers,
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
    };
    const response = await fetch(`dashboard/api/${path}`, { ...init, headers });
    if (response.ok || response.status === 304) return response;
    if (response.status !== 401) throw await toError(response);
    if (sessionStorage.getItem(keyName) === key) sessionStorage.removeItem(keyName);
    asking ??= askForKey(key !== null).finally(() => (asking = null));
    await asking;
  }
}

/** @param {boolean} wasWrong @returns {Promise<void>} */
function askForKey(wasWrong) {
  const dialog = /** @type {HTMLDialogElement} */ (byId('key'));
  const input = /** @type {HTMLInputElement} */ (byId('key-value'));
  byId('key-why').textContent = wasWrong
    ? 'That key is not valid here. Try again.'
    : 'This dashboard asks for the admin key of this server.';
  return new Promise((resolve) => {
    // There is nothing to see without a key: Escape asks again.
    const onClose = () => {
      if (input.value === '') return dialog.showModal();
      dialog.removeEventListener('close', onClose);
      sessionStorage.setItem(keyName, input.value);
      input.value = '';
      resolve();
    };
    dialog.addEventListener('close', onClose);
    dialog.showModal();
    input.focus();
  });
}

/** @param {Response} response */
async function toError(response) {
  const body = await response.json().catch(() => null);
  const message = body?.error?.message ?? `The server answered ${response.status}.`;
  return new ApiError(response.status, message);
}
