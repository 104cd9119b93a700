/** The 64 bytes an arm64 Image begins with. Flags: little-endian, 4 KiB pages, anywhere in RAM. */
export function imageHeader(fields: {
  textOffset: bigint
  imageSize: bigint
  flags?: bigint
}): Buffer {
  const header = Buffer.alloc(64)
  header.writeBigUInt64LE(fields.textOffset, 8)
  header.writeBigUInt64LE(fields.imageSize, 16)
  header.writeBigUInt64LE(fields.flags ?? 0xan, 24)
  header.write('ARM\x64', 56, 'latin1')
  return header
}
