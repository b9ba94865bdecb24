import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/support/fail-on-console.ts'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // One more than the default on two cores: many tests wait for sockets and child processes.
    maxWorkers: '100%',
  },
});
