export interface TypeLayout {
  /** Bytes. */
  readonly size: number
  /** Bytes. */
  readonly alignment: number
}

export interface StructLayout<Name extends string> extends TypeLayout {
  readonly offsets: Readonly<Record<Name, number>>
}

/**
 * Lays fields out one after the other by the C rules of arm64 (and x86-64): natural alignment.
 *
 * @see AAPCS64, "Composite Types"; a test has ref-struct-di compute the same
 */
export function layoutOf<Name extends string>(
  fields: Readonly<Record<Name, TypeLayout>>,
): StructLayout<Name> {
  const offsets: Partial<Record<Name, number>> = {}
  let [end, alignment] = [0, 1]
  for (const name of Object.keys(fields) as Name[]) {
    const field = fields[name]
    const offset = roundUp(end, field.alignment)
    offsets[name] = offset
    end = offset + field.size
    alignment = Math.max(alignment, field.alignment)
  }
  return { size: roundUp(end, alignment), alignment, offsets: offsets as Record<Name, number> }
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple
}
