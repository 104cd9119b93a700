import { Cache, cacheDirectory } from '../../src/lab/cache.ts'
import { provideFcoKernel } from '../../src/lab/fco-kernel.ts'

/** The build of the kernel on a machine that has other things to do as well. */
export const FCO_BUILD_MS = 3_600_000

/**
 * Builds the kernel of `hostKernel: 'fco…'` if it is not there yet, saying how far it is: for a
 * `beforeAll` with `FCO_BUILD_MS`, since a test's time would not be enough.
 */
export async function buildFcoKernel(): Promise<void> {
  await provideFcoKernel(new Cache(cacheDirectory(process.env)), {
    env: process.env,
    signal: new AbortController().signal,
    progress: line => console.error(line),
  })
}
