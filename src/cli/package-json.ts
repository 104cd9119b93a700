import { createRequire } from 'node:module'

/** What our package says of itself. */
export const packageJson = createRequire(import.meta.url)('../../package.json') as {
  readonly version: string
  readonly description: string
}
