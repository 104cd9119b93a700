import { createRequire } from 'node:module'

export interface TypeLayout {
  /** Bytes. */
  readonly size: number
  /** Bytes. */
  readonly alignment: number
}

export interface StructLayout<Name extends string> extends TypeLayout {
  readonly offsets: Readonly<Record<Name, number>>
}

/** The part of ref-struct-di that we use: a struct type with the offsets it computed. */
type DefineStruct = (fields: Record<string, object>) => TypeLayout & {
  readonly fields: Readonly<Record<string, { readonly offset: number }>>
}

let defineStruct: DefineStruct | undefined

/** Lays fields out one after the other by the C rules of arm64 (and x86-64): natural alignment. */
export function layoutOf<Name extends string>(
  fields: Readonly<Record<Name, TypeLayout>>,
): StructLayout<Name> {
  defineStruct ??= loadDefineStruct()
  const named = Object.entries<TypeLayout>(fields)
  const laidOut = defineStruct(
    Object.fromEntries(
      named.map(([name, { size, alignment }]) => [name, { size, alignment, indirection: 1 }]),
    ),
  )
  const offsets = named.map(([name]) => [name, laidOut.fields[name]?.offset] as const)
  return {
    size: laidOut.size,
    alignment: laidOut.alignment,
    offsets: Object.fromEntries(offsets) as Record<Name, number>,
  }
}

/**
 * ref-struct-di takes `ref` as an argument. Layout alone asks it for next to nothing, so it gets
 * this instead of ref-napi: nobody who merely looks a number up loads native code.
 */
function loadDefineStruct(): DefineStruct {
  const structDi = createRequire(import.meta.url)('ref-struct-di') as (ref: object) => DefineStruct
  return structDi({
    coerceType: (type: object) => type,
    alignof: { pointer: 8 },
    sizeof: { pointer: 8 },
  })
}
