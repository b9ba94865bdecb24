import { isIPv4 } from 'node:net';

/** Whether a URL's host is this machine or one in the same house: models there may load slowly. */
export function isLocalHost(baseUrl: string): boolean {
  const host = new URL(baseUrl).hostname.replace(/^\[|\]$/g, '');
  if (isIPv4(host)) return /^(127|10|192\.168|172\.(1[6-9]|2\d|3[01])|169\.254|0)\./.test(host);
  if (host.includes(':')) return host === '::1' || /^f[cde]/.test(host);
  return !host.includes('.') || /\.(local|internal|lan|localhost|home\.arpa)$/.test(host);
}
