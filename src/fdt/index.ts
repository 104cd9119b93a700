export * from './tree.ts'
export { encodeFdt } from './encode.ts'
export { decodeFdt } from './decode.ts'
export {
  buildMachineTree,
  type AddressRange,
  type GicDescription,
  type Interrupt,
  type MachineDescription,
} from './machine.ts'
