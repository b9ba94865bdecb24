// npm run train -- [flags of `pointsman train`]; runs from src/, without a build, and trains on files:
// without --data on the shared ones.
import { runCli } from '../src/cli/run-cli.ts';

const args = process.argv.slice(2);
const namesData = args.some((arg) => arg === '--data' || arg.startsWith('--data='));
const { stdin, stdout, stderr, env } = process;
process.exitCode = await runCli(
  ['train', ...(namesData ? [] : ['--data', '../shared/data']), ...args],
  {
    stdin,
    stdout,
    stderr,
    env,
  },
);
