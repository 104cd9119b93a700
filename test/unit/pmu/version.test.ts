import { expect, it } from 'vitest'
import { renderPmuVersion } from '../../../src/pmu/version.ts'

it.each([
  [0, 'none'],
  [1, 'PMUv3 for Armv8.0'],
  [4, 'PMUv3 for Armv8.1'],
  [6, 'PMUv3 for Armv8.5'],
  [9, 'PMUv3 for Armv8.9'],
  [0xa, 'PMUVer 10'],
  [0xf, 'IMPLEMENTATION DEFINED'],
])('PMUVer %i is %s', (pmuVer, name) => {
  expect(renderPmuVersion(pmuVer)).toBe(name)
})
