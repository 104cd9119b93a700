/** A variable, and what it changes. */
type Row = readonly [name: string, meaning: string]

/** Every environment variable that tsvmm reads: the one table behind the help and the documentation. */
export const ENVIRONMENT: readonly Row[] = [
  ['NO_COLOR', 'no colour, unless --color=always says otherwise'],
  ['FORCE_COLOR', 'colour also where there is no terminal; 0: never. NO_COLOR wins'],
  ['CLICOLOR_FORCE', 'the same, where FORCE_COLOR is not set'],
  ['TERM', 'a terminal that is called dumb gets no colour'],
  ['LC_ALL', 'the locale: trees have strokes beyond ASCII only if it says UTF-8'],
  ['LC_CTYPE', 'the same, where LC_ALL is not set'],
  ['LANG', 'the same, where neither is'],
  [
    'XDG_CACHE_HOME',
    'the lab keeps its kernels and programs in tsvmm below it, and each start what it has compiled; left out: ~/.cache',
  ],
  ['TSVMM_DEBIAN_MIRROR', "where the lab fetches Debian packages; left out: this machine's mirror"],
  [
    'TSVMM_FFI',
    'ffi-napi: call the native library through ffi-napi; left out: it is a module of Node',
  ],
  ['NODE_DISABLE_COMPILE_CACHE', 'nothing that is compiled is kept or taken from there'],
  ['PATH', 'where the lab finds QEMU and the tools it needs'],
  ['KUBERNETES_SERVICE_HOST', 'set in pods of Kubernetes: doctor takes this for a container'],
  ['container', 'set by some makers of containers to their name: the same'],
]
