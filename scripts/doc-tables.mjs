/** Files with such tables. */
export const DOCUMENTS = [
  'README.md',
  'docs/errors.md',
  'docs/command-line.md',
  'docs/doctor.md',
  'docs/kernel-features.md',
  'docs/lkvm.md',
  'docs/machine.md',
]

/** @returns the text with its marked tables filled in from the tables of the code */
export function fillTables(
  text,
  { EXIT_CODES, ERROR_CODES, ENVIRONMENT, CHECKS, KERNEL_FEATURES, LKVM_FLAGS, MEMORY_MAP },
) {
  const tables = {
    'exit statuses': table(
      ['status', 'meaning'],
      Object.values(EXIT_CODES).map(({ status, meaning }) => [status, meaning]),
    ),
    'error codes': table(
      ['code', 'exit status', 'meaning'],
      Object.entries(ERROR_CODES).map(([code, { exit, meaning }]) => [
        `\`${code}\``,
        EXIT_CODES[exit].status,
        meaning,
      ]),
    ),
    environment: table(
      ['variable', 'meaning'],
      ENVIRONMENT.map(([name, meaning]) => [`\`${name}\``, meaning]),
    ),
    checks: table(
      ['check', 'what it is about', 'needs'],
      CHECKS.map(({ id, about, needs }) => [
        `\`${id}\``,
        about,
        needs.map(need => `\`${need}\``).join(', ') || '-',
      ]),
    ),
    'kernel features': table(
      ['feature', 'since Linux', 'what', 'takes'],
      KERNEL_FEATURES.map(({ symbol, since, what, takes = '-' }) => [
        `\`${symbol}\``,
        since?.join('.') ?? 'no release',
        what,
        takes,
      ]),
    ),
    'lkvm flags': table(
      ['lkvm run', 'tsvmm run', ''],
      LKVM_FLAGS.map(({ flags, here, note = '', instead = '' }) => [
        `\`${flags}\``,
        here,
        instead === '' ? note : `${note}; try: ${instead.replace(/ +# (.*)/, ' ($1)')}`,
      ]),
    ),
    'memory map': table(
      ['from', 'size', 'what', 'with'],
      MEMORY_MAP.map(({ base, size, what, gic }) => [
        `\`${hex(base)}\``,
        size === undefined ? '`--mem`' : bytes(size),
        what,
        gic === undefined ? 'any GIC' : `GICv${gic}`,
      ]),
    ),
  }
  return text.replace(
    /(<!-- table: (.+?) -->\n)[^]*?(<!-- end -->)/g,
    (_, begin, name, end) => `${begin}\n${tables[name]}\n\n${end}`,
  )
}

function table(head, rows) {
  return [head, head.map(() => '---'), ...rows].map(row => `| ${row.join(' | ')} |`).join('\n')
}

/** `0x3fff_0000` */
function hex(address) {
  const digits = address.toString(16).padStart(8, '0')
  return `0x${digits.slice(0, -4)}_${digits.slice(-4)}`
}

function bytes(size) {
  const [unit, name] = size % 2n ** 20n === 0n ? [2n ** 20n, 'MiB'] : [2n ** 10n, 'KiB']
  return `${size / unit} ${name}`
}
