export * from './tree.ts'
export { encodeFdt } from './encode.ts'
export { decodeFdt } from './decode.ts'
