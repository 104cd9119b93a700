import { readFileSync } from 'node:fs'

/** What our package says of itself. */
export const packageJson = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as {
  readonly version: string
  readonly description: string
}
