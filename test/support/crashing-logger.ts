import { openRequestLog } from '../../src/store/request-log.ts';
import { requestRecord } from './request-record.ts';

/* A program for the crash test: `node --import tsx crashing-logger.ts FILE` logs until it is killed. */

const log = await openRequestLog({ file: process.argv[2] ?? '' });
let rows = 0;
const append = (count: number) => {
  for (let i = 0; i < count; i++) log.append(requestRecord({ decisionId: `dec_${rows++}` }));
};
append(500);
await log.flush();
process.stdout.write('500 rows are written\n');
setInterval(() => append(20), 1);
