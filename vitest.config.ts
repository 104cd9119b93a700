import { defineConfig } from 'vitest/config'

const project = (name: string, extra: object = {}) => ({
  extends: true as const,
  test: { name, include: [`test/${name}/**/*.test.ts`], ...extra },
})

export default defineConfig({
  test: {
    // ffi-napi crashes in worker threads: a test process is a process.
    pool: 'forks',
    // Who wants the output of the tests in colour does not want it in the output that is tested.
    env: { FORCE_COLOR: '0', CLICOLOR_FORCE: '' },
    reporters: ['default', './test/closing-line-reporter.ts'],
    projects: [
      project('unit'),
      project('native'),
      // The same, with the other backend.
      project('native-by-ffi', {
        include: ['test/native/*.test.ts'],
        env: { TSVMM_FFI: 'ffi-napi' },
      }),
      project('cli', { testTimeout: 60_000, globalSetup: './test/cli/test-tools.ts' }),
      // Fetches every Node and npm we support: for CI, not for every run.
      project('install', { testTimeout: 600_000, hookTimeout: 600_000, fileParallelism: false }),
      // One emulated host at a time: each wants both cores and some memory.
      project('kvm', {
        testTimeout: 180_000,
        hookTimeout: 240_000,
        fileParallelism: false,
        maxWorkers: 1,
        // What is emulated can stall on a busy machine; a second failure is one.
        retry: 1,
      }),
    ],
  },
})
