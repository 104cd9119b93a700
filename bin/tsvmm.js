#!/usr/bin/env node
'use strict'
const { existsSync } = require('node:fs')
const { join } = require('node:path')

// Before anything is loaded: an older Node could not even parse what follows.
const [major, minor] = process.versions.node.split('.').map(Number)
const bundle = join(__dirname, '../dist/bundle')
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`error: tsvmm needs Node.js 20.19 or later, this is ${process.versions.node}`)
  process.exitCode = 2
} else if (!existsSync(join(bundle, 'main.cjs'))) {
  console.error('error: tsvmm is not built in this clone\ntry:  npm ci && npm run build')
  process.exitCode = 2
} else {
  const argv = process.argv.slice(2)
  require('./load.js').load(bundle, 'main.cjs', argv[0]).main(argv)
}
