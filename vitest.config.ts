import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/own-temp-folder.ts'],
    setupFiles: ['test/support/fail-on-console.ts'],
    // Against what never ends; no test is about time.
    testTimeout: 120_000,
    hookTimeout: 60_000,
    // The default, one second, is less than a busy machine needs: the dashboard asks once a second.
    expect: { poll: { timeout: 10_000 } },
    // Twice the cores: many tests wait for sockets and child processes.
    maxWorkers: 2 * availableParallelism(),
  },
});
