#!/usr/bin/env node
import { existsSync } from 'node:fs'

// Before anything is imported: an older Node could not even parse what follows.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`error: tsvmm needs Node.js 20.19 or later, this is ${process.versions.node}`)
  process.exitCode = 2
} else if (!existsSync(new URL('../dist/cli/main.js', import.meta.url))) {
  console.error('error: tsvmm is not built in this clone\ntry:  npm ci && npm run build')
  process.exitCode = 2
} else {
  const { main } = await import('../dist/cli/main.js')
  await main(process.argv.slice(2))
}
