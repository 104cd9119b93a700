import { CHECKS } from '../doctor/checks.ts'
import { CODE_ADVICE, STATUS_ADVICE } from '../errors/code-notes.ts'
import { ERROR_CODES, EXIT_CODES, type ErrorCode, type ExitName } from '../errors/index.ts'
import { facts, shortNames, type Topic } from './explain-topic.ts'

/** What `tsvmm doctor` checks. */
export function checkTopics(): Topic[] {
  return CHECKS.map(({ id, about, needs }) => {
    const blocked = CHECKS.filter(check => (check.needs as readonly string[]).includes(id))
    return {
      kind: 'check of doctor',
      name: id,
      aliases: [],
      what: about,
      facts: facts({
        needs: needs.join(', '),
        'needed by': blocked.map(check => check.id).join(', '),
      }),
      ...(needs.length > 0 && {
        when: 'it is skipped where what it needs fails or is skipped itself',
      }),
      try: ['tsvmm doctor    # what it finds here, and what to do'],
      see: ['docs/doctor.md'],
      rows: [],
    }
  })
}

const isBySignal = (status: number) => status > 128 && status <= 192

/** The codes of our errors. */
export function errorCodeTopics(): Topic[] {
  const common = { kind: 'error code' as const, see: ['docs/errors.md'], rows: [] }
  const bySignal = Object.values(EXIT_CODES).filter(({ status }) => isBySignal(status))
  return [
    ...Object.entries(ERROR_CODES).map(([name, { exit, meaning }]) => ({
      ...common,
      name,
      aliases: shortNames(name),
      what: meaning,
      ...CODE_ADVICE[name as ErrorCode],
      facts: [['exit status', statusLine(EXIT_CODES[exit])]] as const,
    })),
    {
      ...common,
      name: 'TSVMM_INTERRUPTED',
      aliases: ['INTERRUPTED'],
      what: 'a signal ended tsvmm, or whoever read its output closed it; nothing is printed',
      facts: bySignal.map(row => ['exit status', statusLine(row)] as const),
    },
  ]
}

/** What the process ends with. */
export function exitStatusTopics(): Topic[] {
  return Object.entries(EXIT_CODES).map(([ending, row]) => {
    const codes = Object.entries(ERROR_CODES)
      .filter(([, { exit }]) => EXIT_CODES[exit] === row)
      .map(([code]) => code)
    return {
      kind: 'exit status',
      name: `exit status ${row.status}`,
      aliases: [`${row.status}`],
      what: row.meaning,
      ...STATUS_ADVICE[ending as ExitName],
      facts: facts({
        'error codes': (isBySignal(row.status) ? ['TSVMM_INTERRUPTED'] : codes).join(', '),
      }),
      rows: [],
    }
  })
}

function statusLine({ status, meaning }: { status: number; meaning: string }): string {
  return `${status}: ${meaning}`
}
