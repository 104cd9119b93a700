/** `0x414fd0c1`. */
export function hex(value: bigint): string {
  return `0x${value.toString(16)}`
}
