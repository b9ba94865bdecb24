import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/support/fail-on-console.ts'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // Twice the cores: many tests wait for sockets and child processes.
    maxWorkers: 2 * availableParallelism(),
  },
});
