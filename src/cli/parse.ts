import { InvalidArgumentError } from 'commander'

const UNITS: Readonly<Record<string, number>> = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 }

/** `512`, `512M`, `4G`, `4GiB` → bytes; a bare number is MiB, as for `lkvm run -m`. */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(?:([kmgt])(?:i?b)?)?$/i.exec(text)
  const bytes = match && Number(match[1]) * (UNITS[(match[2] ?? 'm').toLowerCase()] ?? 0)
  if (bytes === null || !Number.isSafeInteger(bytes))
    throw new InvalidArgumentError('It is not a size such as 512M or 4G.')
  return bytes
}

/** A whole number, 1 or more. */
export function parseCount(text: string): number {
  const count = Number(text)
  if (!/^\d+$/.test(text) || count < 1 || !Number.isSafeInteger(count))
    throw new InvalidArgumentError('It is not a whole number from 1 up.')
  return count
}

/** A whole number, 0 or more. */
export function parseNumber(text: string): number {
  const number = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number))
    throw new InvalidArgumentError('It is not a whole number from 0 up.')
  return number
}

/** Seconds, with a fraction or without, above 0 and at most what a timer can hold (24 days). */
export function parseSeconds(text: string): number {
  const seconds = Number(text)
  if (!/^\d+(\.\d+)?$/.test(text) || seconds <= 0 || seconds > 2_000_000)
    throw new InvalidArgumentError('It is not a number of seconds above 0.')
  return seconds
}
