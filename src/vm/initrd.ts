import { ImageError } from '../errors/index.ts'
import { renderSize, type GuestFile } from '../boot/guest-file.ts'
import { fdtOffset, LOW_RAM } from './memory-map.ts'

/** A part of RAM, in bytes from its start. */
export interface Extent {
  readonly offset: number
  readonly size: number
}

/** The kernel unpacks it page by page, and 64 KiB is the largest page. */
const ALIGNMENT = 0x1_0000

/**
 * Where an initrd goes: behind the RAM in which kernel and device tree are, if there is that much;
 * else right below the device tree, as lkvm has it.
 *
 * @throws {@link ImageError} `TOO_LARGE`
 * @see Documentation/arch/arm64/booting.rst (v6.12): within 32 GiB of the kernel
 */
export function placeInitrd(
  { path, size }: Pick<GuestFile, 'path' | 'size'>,
  ramSize: number,
): Extent {
  if (ramSize - LOW_RAM >= size) return { offset: LOW_RAM, size }
  const offset = Math.floor((fdtOffset(ramSize) - size) / ALIGNMENT) * ALIGNMENT
  if (offset > 0) return { offset, size }
  const enough = Math.ceil((LOW_RAM + size) / 2 ** 20)
  throw new ImageError(
    'TOO_LARGE',
    `the initrd ${path} (${renderSize(size)}) does not fit into ${renderSize(ramSize)} of RAM`,
    { try: [`--mem ${enough}M`] },
  )
}
