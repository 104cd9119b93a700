#!/usr/bin/env node
'use strict'
const { existsSync } = require('node:fs')
const { join } = require('node:path')

// Before anything is loaded: an older Node could not even parse what follows.
const [major, minor] = process.versions.node.split('.').map(Number)
const program = join(__dirname, '../dist/bundle/main.cjs')
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`error: tsvmm needs Node.js 20.19 or later, this is ${process.versions.node}`)
  process.exitCode = 2
} else if (!existsSync(program)) {
  console.error('error: tsvmm is not built in this clone\ntry:  npm ci && npm run build')
  process.exitCode = 2
} else {
  require(program).main(process.argv.slice(2))
}
