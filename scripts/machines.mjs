/**
 * Writes `machines/*.json`: machines made from published facts, in the form of `tsvmm probe --save`.
 * A test compares them; after a change run `npm run machines`.
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { MACHINES } from './machines/all.mjs'
import { encodeDescribed } from './machines/describe.mjs'

for (const machine of MACHINES) {
  const path = fileURLToPath(new URL(`../machines/${machine.file}.json`, import.meta.url))
  writeFileSync(path, encodeDescribed(machine))
}
