import type { Reporter, TestModule } from 'vitest/node'

/** Prints the one line a machine reads: `N passed, N failed`, and `, N skipped` when there are any. */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0, pending: 0 }
    for (const module of modules) {
      const tests = [...module.children.allTests()]
      for (const test of tests) count[test.result().state]++
      // A file that fails to load, or a suite whose hook fails, may have no failed test of its own.
      if (module.state() === 'failed' && !tests.some(t => t.result().state === 'failed'))
        count.failed++
    }
    const skipped = count.skipped + count.pending
    console.log(
      `${count.passed} passed, ${count.failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`,
    )
  }
}
