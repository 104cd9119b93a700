/** Writing two halves is several times cheaper than making a bigint of a small number first. */
export function writeWord(frame: Buffer, offset: number, value: number | bigint): void {
  if (typeof value === 'bigint') {
    frame.writeBigUInt64LE(BigInt.asUintN(64, value), offset)
  } else {
    frame.writeUInt32LE(value >>> 0, offset)
    frame.writeInt32LE(Math.floor(value / 2 ** 32) | 0, offset + 4)
  }
}
