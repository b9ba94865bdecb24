import { noDispatchLimits, type Deployment } from '../../src/upstream/deployment.ts';

/** A deployment with nothing configured but what the test names. */
export function deployment(fields: Partial<Deployment> = {}): Deployment {
  const { id = 'd1', group = 'g' } = fields;
  return {
    ...noDispatchLimits,
    ...{ id, group, name: `${id}-model`, model: `${id}-model`, wire: 'openai' },
    ...{ baseUrl: 'http://127.0.0.1:9', apiKey: null, price: null },
    ...fields,
  };
}
