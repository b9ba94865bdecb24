// npm run train -- [flags of `pointsman train`]; runs from src/, without a build.
import { runCli } from '../src/cli/run-cli.ts';

const { stdin, stdout, stderr, env } = process;
process.exitCode = await runCli(['train', ...process.argv.slice(2)], {
  stdin,
  stdout,
  stderr,
  env,
});
