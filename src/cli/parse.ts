import { InvalidArgumentError } from 'commander'

const UNITS: Readonly<Record<string, number>> = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 }

/** `512`, `512M`, `4G`, `4GiB` → bytes; a bare number is MiB, as for `lkvm run -m`. */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(?:([kmgt])(?:i?b)?)?$/i.exec(text)
  const bytes = match && Number(match[1]) * (UNITS[(match[2] ?? 'm').toLowerCase()] ?? 0)
  if (bytes === null) throw new InvalidArgumentError('It is not a size such as 512M or 4G.')
  if (bytes > Number.MAX_SAFE_INTEGER)
    throw new InvalidArgumentError('It is more than any machine has.')
  if (!Number.isInteger(bytes))
    throw new InvalidArgumentError('It is not a whole number of bytes: write it in M or k.')
  return bytes
}

/** A whole number, 1 or more. */
export function parseCount(text: string): number {
  return parseWhole(text, 1)
}

/** A whole number, 0 or more. */
export function parseNumber(text: string): number {
  return parseWhole(text, 0)
}

function parseWhole(text: string, least: number): number {
  const number = Number(text)
  if (!/^\d+$/.test(text) || number < least)
    throw new InvalidArgumentError(`It is not a whole number from ${least} up.`)
  if (!Number.isSafeInteger(number)) throw new InvalidArgumentError('It is too large.')
  return number
}

/** A timer of Node holds 24 days. */
const MAX_SECONDS = 2_000_000

/** Seconds, with a fraction or without, above 0 and at most what a timer can hold (24 days). */
export function parseSeconds(text: string): number {
  const seconds = Number(text)
  if (!/^\d+(\.\d+)?$/.test(text) || seconds <= 0)
    throw new InvalidArgumentError('It is not a number of seconds above 0.')
  if (seconds > MAX_SECONDS)
    throw new InvalidArgumentError(`It is more than ${MAX_SECONDS} seconds, 23 days.`)
  return seconds
}

/** A whole number of 64 bits, decimal or as 0x and hexadecimal digits. */
export function parseU64(text: string): bigint {
  const number = /^(\d{1,20}|0x[\da-f]{1,16})$/i.test(text) ? BigInt(text) : undefined
  if (number === undefined || number >= 2n ** 64n)
    throw new InvalidArgumentError('It is not a whole number of 64 bits, such as 0x1234.')
  return number
}
