/** What `--loglevel` can be, as lkvm has it, the most quiet first. */
export const LOG_LEVELS = ['error', 'warning', 'info', 'debug'] as const

export type LogLevel = (typeof LOG_LEVELS)[number]

/** Whether what is of this level is said where `--loglevel` is `most`. */
export function isSaid(level: LogLevel, most: LogLevel = 'info'): boolean {
  return LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf(most)
}
