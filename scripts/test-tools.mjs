/** Makes sure of the programs that tests run beside those of the build: shells, and man page checkers. */
import { need } from './tools.mjs'

need(
  [
    ['bash', ['bash']],
    ['xmllint', ['libxml2-utils']],
    ['cpio', ['cpio']],
    ['zsh', ['zsh']],
    ['fish', ['fish']],
    ['script', ['bsdutils']],
    ['man', ['man-db']],
    ['mandoc', ['mandoc']],
    ['dtc', ['device-tree-compiler']],
  ],
  'tests',
)
