import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface SelfSignedUpstream {
  /** Without a path: https://127.0.0.1:PORT */
  readonly url: string;
  /** Requests that came in spite of the certificate. */
  readonly requests: number;
  close(): Promise<void>;
}

/** A model server on TLS whose certificate nobody has signed. */
export async function startSelfSignedUpstream(): Promise<SelfSignedUpstream> {
  const pem = readFileSync(new URL('../fixtures/self-signed.pem', import.meta.url));
  let requests = 0;
  const server = createServer({ key: pem, cert: pem }, (_req, res) => {
    requests++;
    res.writeHead(500).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get requests() {
      return requests;
    },
    async close() {
      const done = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await done;
    },
  };
}
