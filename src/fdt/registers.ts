/** Guest physical addresses; `size` in bytes. */
export interface AddressRange {
  readonly base: bigint
  readonly size: bigint
}

/** The name of a node with such registers. */
export function at(name: string, { base }: AddressRange): string {
  return `${name}@${base.toString(16)}`
}

/** The property `reg`, two cells for each address and size. */
export function reg(...ranges: AddressRange[]): bigint[] {
  return ranges.flatMap(({ base, size }) => [base, size])
}
