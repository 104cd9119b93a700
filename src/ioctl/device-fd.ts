import type { System } from '../native/system.ts'
import { AttributeFd } from './attribute-fd.ts'
import type { DeviceTypeName } from './constants.ts'

/** An in-kernel device, made by {@link VmFd.createDevice}. All it has are its attributes. */
export class DeviceFd extends AttributeFd {
  readonly type: DeviceTypeName

  constructor(system: System, fd: number, type: DeviceTypeName) {
    super(system, fd, type)
    this.type = type
  }
}
