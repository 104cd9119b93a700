import { JUNO_R2, RK3399, RK3588 } from './boards.mjs'
import { APPLE_M1, SNAPDRAGON_X_ELITE } from './laptops.mjs'
import { ALTRA, GRAVITON2, GRAVITON3, GRAVITON4 } from './servers.mjs'

/** Every machine of `machines/`, as `encodeDescribed` takes it. */
export const MACHINES = [
  ALTRA,
  APPLE_M1,
  GRAVITON2,
  GRAVITON3,
  GRAVITON4,
  JUNO_R2,
  RK3399,
  RK3588,
  SNAPDRAGON_X_ELITE,
]
