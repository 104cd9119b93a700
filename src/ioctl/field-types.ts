import { BugError } from '../errors/index.ts'
import type { NativeMemory } from '../native/memory.ts'

/** How a C type lies in memory and which values it takes. */
export interface FieldType<Out, In = Out> {
  /** The C name: `__u32`, `struct kvm_device_attr`. */
  readonly name: string
  /** Bytes. */
  readonly size: number
  /** Bytes. */
  readonly alignment: number
  read(memory: NativeMemory, at: number): Out
  /** @param where what to call the field in an error: `kvm_device_attr.flags` */
  write(memory: NativeMemory, at: number, value: In, where: string): void
}

export const u8: FieldType<number> = integer('__u8', 0, 0xff, {
  size: 1,
  read: (memory, at) => memory.readU8(at),
  write: (memory, at, value) => memory.writeU8(at, value),
})

export const u16: FieldType<number> = integer('__u16', 0, 0xffff, {
  size: 2,
  read: (memory, at) => memory.readU16(at),
  write: (memory, at, value) => memory.writeU16(at, value),
})

export const u32: FieldType<number> = integer('__u32', 0, 0xffff_ffff, {
  size: 4,
  read: (memory, at) => memory.readU32(at),
  write: (memory, at, value) => memory.writeU32(at, value),
})

export const i32: FieldType<number> = integer('int', -(2 ** 31), 2 ** 31 - 1, {
  size: 4,
  read: (memory, at) => memory.readI32(at),
  write: (memory, at, value) => memory.writeI32(at, value),
})

export const u64: FieldType<bigint> = {
  name: '__u64',
  size: 8,
  alignment: 8,
  read: (memory, at) => memory.readU64(at),
  write(memory, at, value, where) {
    if (BigInt.asUintN(64, value) !== value) throw outOfRange(where, value, this.name)
    memory.writeU64(at, value)
  },
}

export const i64: FieldType<bigint> = {
  name: '__s64',
  size: 8,
  alignment: 8,
  read: (memory, at) => BigInt.asIntN(64, memory.readU64(at)),
  write(memory, at, value, where) {
    if (BigInt.asIntN(64, value) !== value) throw outOfRange(where, value, this.name)
    memory.writeU64(at, BigInt.asUintN(64, value))
  },
}

/** `n` bytes; fewer may be given, the rest is 0. */
export function bytes(n: number, alignment = 1): FieldType<Buffer, Uint8Array> {
  return {
    name: `__u8[${n}]`,
    size: n,
    alignment,
    read: (memory, at) => memory.readBytes(at, n),
    write(memory, at, value, where) {
      if (value.byteLength > n) throw outOfRange(where, `${value.byteLength} bytes`, this.name)
      memory.fill(0, at, n)
      memory.writeBytes(at, value)
    },
  }
}

/** `n` elements; fewer may be given, the rest is 0. */
export function array<Out, In>(
  element: FieldType<Out, In>,
  n: number,
): FieldType<Out[], readonly In[]> {
  return {
    name: `${element.name}[${n}]`,
    get size() {
      return element.size * n
    },
    get alignment() {
      return element.alignment
    },
    read: (memory, at) =>
      Array.from({ length: n }, (_, i) => element.read(memory, at + i * element.size)),
    write(memory, at, values, where) {
      if (values.length > n) throw outOfRange(where, `${values.length} elements`, this.name)
      memory.fill(0, at, this.size)
      values.forEach((value, i) =>
        element.write(memory, at + i * element.size, value, `${where}[${i}]`),
      )
    },
  }
}

/** Reserved bytes: always written as 0, never part of a value. */
export function padding(n: number): FieldType<undefined> {
  return {
    name: `__u8[${n}]`,
    size: n,
    alignment: 1,
    read: () => undefined,
    write: (memory, at) => memory.fill(0, at, n),
  }
}

function integer(
  name: string,
  min: number,
  max: number,
  access: Pick<FieldType<number>, 'size' | 'read'> & {
    write(memory: NativeMemory, at: number, value: number): void
  },
): FieldType<number> {
  return {
    ...access,
    name,
    alignment: access.size,
    write(memory, at, value, where) {
      if (!(Number.isInteger(value) && value >= min && value <= max))
        throw outOfRange(where, value, name)
      access.write(memory, at, value)
    },
  }
}

function outOfRange(where: string, value: number | bigint | string, type: string): BugError {
  return new BugError(`${where}: ${value} does not fit ${type}`)
}
