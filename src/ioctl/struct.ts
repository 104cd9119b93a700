import { layoutOf, type StructLayout } from './layout.ts'
import type { NativeMemory } from '../native/memory.ts'
import type { FieldType } from './field-types.ts'

export type Fields = Readonly<Record<string, FieldType<unknown>>>

type Out<T> = T extends FieldType<infer V, never> ? V : never
type In<T> = T extends FieldType<unknown, infer V> ? V : never
/** The fields that hold values: all but padding. */
type Named<F extends Fields> = {
  [K in keyof F]: Out<F[K]> extends undefined ? never : K
}[keyof F]

/** What decoding gives. */
export type Value<F extends Fields> = { [K in Named<F>]: Out<F[K]> }
/** What encoding takes; what is left out is 0. */
export type Given<F extends Fields> = { readonly [K in Named<F>]?: In<F[K]> }

export type ValueOf<S> = S extends Struct<infer F> ? Value<F> : never
export type GivenOf<S> = S extends Struct<infer F> ? Given<F> : never

/**
 * A C struct by its kernel name and field names. Its layout is computed when first needed, from
 * the fields alone; test/unit/ioctl/abi.test.ts holds it against the kernel's headers.
 */
export class Struct<F extends Fields> implements FieldType<Value<F>, Given<F>> {
  readonly name: string
  readonly fields: F
  #layout: StructLayout<keyof F & string> | undefined

  constructor(name: string, fields: F) {
    this.name = name
    this.fields = fields
  }

  get size(): number {
    return this.#laidOut.size
  }

  get alignment(): number {
    return this.#laidOut.alignment
  }

  get offsets(): Readonly<Record<keyof F & string, number>> {
    return this.#laidOut.offsets
  }

  get #laidOut(): StructLayout<keyof F & string> {
    return (this.#layout ??= layoutOf<keyof F & string>(this.fields))
  }

  /** Writes all bytes of the struct: memory is reused, and what is left out must not be stale. */
  encode(memory: NativeMemory, at: number, value: Given<F>): void {
    this.write(memory, at, value, this.name)
  }

  decode(memory: NativeMemory, at: number): Value<F> {
    return this.read(memory, at)
  }

  write(memory: NativeMemory, at: number, value: Given<F>, where: string): void {
    memory.fill(0, at, this.size)
    for (const [name, given] of Object.entries(value))
      this.fields[name]?.write(memory, at + this.#offset(name), given, `${where}.${name}`)
  }

  read(memory: NativeMemory, at: number): Value<F> {
    const value: Record<string, unknown> = {}
    for (const [name, type] of Object.entries(this.fields)) {
      const field = type.read(memory, at + this.#offset(name))
      if (field !== undefined) value[name] = field
    }
    return value as Value<F>
  }

  #offset(name: keyof F & string): number {
    return this.#laidOut.offsets[name]
  }
}

export function struct<F extends Fields>(name: string, fields: F): Struct<F> {
  return new Struct(name, fields)
}
