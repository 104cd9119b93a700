/** Writes man/tsvmm.1 from what the command line knows of itself. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { readCommandLine } from '../dist/cli/command-line.js'
import { renderManPage } from '../dist/cli/man-page.js'
import { buildProgram } from '../dist/cli/program.js'

const path = name => new URL(`../${name}`, import.meta.url)
const { version } = JSON.parse(readFileSync(path('package.json'), 'utf8'))
const { stdout, stderr } = process
const program = buildProgram({ stdout, stderr, settings: {}, paint: { isOn: {} } })

mkdirSync(path('man'), { recursive: true })
writeFileSync(path('man/tsvmm.1'), renderManPage(readCommandLine(program), version))
