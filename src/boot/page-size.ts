import { ImageError } from '../errors/index.ts'

/** Bytes of a page that a kernel can be built for. */
export type PageSize = 4096 | 16384 | 65536

/**
 * ID_AA64MMFR0_EL1 (Arm DDI 0487, D19.2): where each page size has its field of four bits, and the
 * value that says there is none.
 */
const GRANULES: Readonly<Record<PageSize, { shift: bigint; none: bigint }>> = {
  4096: { shift: 28n, none: 0xfn },
  16384: { shift: 20n, none: 0n },
  65536: { shift: 24n, none: 0xfn },
}

/**
 * Refuses a kernel for pages that a guest's CPU does not have: it would end without a word.
 *
 * @param path for messages
 * @param mmfr0 ID_AA64MMFR0_EL1 of a vCPU
 * @throws {@link ImageError} `FORMAT`
 */
export function checkPageSize(path: string, pageSize: PageSize, mmfr0: bigint): void {
  const has = (size: PageSize) => {
    const { shift, none } = GRANULES[size]
    return ((mmfr0 >> shift) & 0xfn) !== none
  }
  if (has(pageSize)) return
  const sizes = ([4096, 16384, 65536] as const).filter(has)
  const kib = (size: number) => `${size / 1024} KiB`
  throw new ImageError(
    'FORMAT',
    `${path} is a kernel for pages of ${kib(pageSize)}, which guests do not have on this host`,
    {
      why: `the CPUs here have pages of ${sizes.map(kib).join(' and ')}`,
      try: sizes.map(size => `build it with CONFIG_ARM64_${size / 1024}K_PAGES`),
    },
  )
}
