export { Lab, type ExecOptions } from './lab.ts'
export { type BootOptions } from './boot.ts'
export { type ExecResult } from './session.ts'
