import { errnoName } from '../errors/index.ts'
import type { NativeMemory } from '../native/memory.ts'
import type { Came } from './observe.ts'

/** What a call returned, and its errno's name if it is one. */
export function cameOf(result: number): Came {
  return result < 0 ? { result, errno: errnoName(-result) } : { result }
}

/** What came of a `mmap`. */
export function cameOfMapping(mapping: NativeMemory | number): Came {
  if (typeof mapping === 'number') return cameOf(mapping)
  return { result: 0, answer: `at 0x${mapping.address.toString(16)}` }
}
