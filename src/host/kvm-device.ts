import { closeSync, constants, openSync, statSync } from 'node:fs'
import { attempt, TsvmmError } from '../errors/index.ts'
import type { HostTree } from './tree.ts'

/** `/dev/kvm`: whether it is there, whose it is, and whether this process may use it. */
export interface KvmDevice {
  /** Whether the kernel has registered KVM, which containers see as well; undefined: not known. */
  readonly isRegistered: boolean | undefined
  readonly node: DeviceNode | undefined
  /** What came of opening it to read and write: `ok`, or the errno's name. */
  readonly opening: string
  readonly user: ProcessUser
}

/** A name in /dev. */
export interface DeviceNode {
  /** Whether it is the character device that is KVM's everywhere, 10:232. */
  readonly isKvm: boolean
  /** Permission bits. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Names, where the machine has any. */
  readonly owner: string | undefined
  readonly group: string | undefined
}

/** Who this process is. */
export interface ProcessUser {
  readonly uid: number
  readonly gids: readonly number[]
  /** Undefined for a user without a name here. */
  readonly name: string | undefined
  /** Groups that list the user, whether or not this process has them already. */
  readonly listedIn: readonly number[]
}

const MISC_MAJOR = 10

/** @see include/linux/miscdevice.h, `KVM_MINOR` (v6.12) */
const KVM_MINOR = 232

/**
 * Opens it for a moment, which changes nothing. Names and registrations that cannot be read are not
 * known.
 */
export function inspectKvmDevice(tree: HostTree, path: string): KvmDevice {
  const groups = parseNames(readIfAllowed(tree, '/etc/group'))
  const users = parseNames(readIfAllowed(tree, '/etc/passwd'))
  const uid = process.getuid?.() ?? 0
  const name = nameOf(users, uid)
  const misc = readIfAllowed(tree, '/proc/misc')
  const isMember = ({ rest }: NameRow) => name !== undefined && rest.split(',').includes(name)
  return {
    isRegistered: misc === undefined ? undefined : /^\s*\d+ kvm$/m.test(misc),
    node: readNode(path, users, groups),
    opening: tryOpen(path),
    user: {
      uid,
      gids: [...new Set([process.getgid?.() ?? 0, ...(process.getgroups?.() ?? [])])],
      name,
      listedIn: groups.filter(isMember).map(({ id }) => id),
    },
  }
}

function readIfAllowed(tree: HostTree, path: string): string | undefined {
  const text = attempt(() => tree.read(path))
  return text instanceof TsvmmError ? undefined : text
}

function readNode(
  path: string,
  users: readonly NameRow[],
  groups: readonly NameRow[],
): DeviceNode | undefined {
  let stat
  try {
    stat = statSync(path)
  } catch {
    return undefined
  }
  const { uid, gid, rdev } = stat
  const minor = (rdev & 0xff) | ((rdev >>> 12) & 0xfff00)
  return {
    isKvm: stat.isCharacterDevice() && ((rdev >>> 8) & 0xfff) === MISC_MAJOR && minor === KVM_MINOR,
    mode: stat.mode & 0o7777,
    uid,
    gid,
    owner: nameOf(users, uid),
    group: nameOf(groups, gid),
  }
}

function tryOpen(path: string): string {
  try {
    closeSync(openSync(path, constants.O_RDWR))
    return 'ok'
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'EIO'
  }
}

/** A line of /etc/passwd or /etc/group: both begin with `name:x:id:`. */
interface NameRow {
  readonly name: string
  readonly id: number
  readonly rest: string
}

function parseNames(text: string | undefined): NameRow[] {
  return (text ?? '').split('\n').flatMap(line => {
    const { name, id, rest } =
      /^(?<name>[^:]+):[^:]*:(?<id>\d+):(?<rest>.*)$/.exec(line)?.groups ?? {}
    return name === undefined ? [] : [{ name, id: Number(id), rest: rest ?? '' }]
  })
}

function nameOf(rows: readonly NameRow[], id: number): string | undefined {
  return rows.find(row => row.id === id)?.name
}
