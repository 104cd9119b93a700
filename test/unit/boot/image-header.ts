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

/** An image's header made that of an EFI program with these sections: where in the file, and how long. */
export function withSections(
  header: Buffer,
  sections: readonly (readonly [offset: number, size: number])[],
): Buffer {
  const table = 64 + 24 + 160
  const head = Buffer.concat([header, Buffer.alloc(table - 64 + 40 * sections.length)])
  head.write('MZ', 0, 'latin1')
  head.writeUInt32LE(64, 60)
  head.write('PE\0\0', 64, 'latin1')
  head.writeUInt16LE(0xaa64, 64 + 4)
  head.writeUInt16LE(sections.length, 64 + 6)
  head.writeUInt16LE(160, 64 + 20)
  sections.forEach(([offset, size], index) => {
    head.writeUInt32LE(size, table + 40 * index + 16)
    head.writeUInt32LE(offset, table + 40 * index + 20)
  })
  return head
}
