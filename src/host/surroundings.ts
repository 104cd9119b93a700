import { THIS_HOST, type HostTree } from './tree.ts'

/** What a machine runs in, as far as it shows. */
export interface Surroundings {
  readonly container: Sign | undefined
  readonly vm: Sign | undefined
}

/** What was found, and where. */
export interface Sign {
  /** `docker`, `KVM`, `Amazon EC2`. */
  readonly name: string
  /** The file that says so, or the variable of the environment. */
  readonly from: string
}

/**
 * Whether this is a container or a virtual machine. A machine that hides that it is one is taken
 * for a real one.
 *
 * @throws {@link HostError} `SYSFS` naming the file that is unreadable
 * @see systemd-detect-virt(1), which looks at the same places
 */
export function readSurroundings(
  tree: HostTree = THIS_HOST,
  env: Readonly<Record<string, string | undefined>> = {},
): Surroundings {
  return { container: findContainer(tree, env), vm: findVm(tree) }
}

function findContainer(
  tree: HostTree,
  env: Readonly<Record<string, string | undefined>>,
): Sign | undefined {
  if ((env['KUBERNETES_SERVICE_HOST'] ?? '') !== '')
    return { name: 'kubernetes', from: 'KUBERNETES_SERVICE_HOST' }
  const manager = '/run/systemd/container'
  const name = tree.read(manager) ?? ''
  if (name !== '') return { name, from: manager }
  const marks = { podman: '/run/.containerenv', docker: '/.dockerenv' }
  for (const [name, from] of Object.entries(marks))
    if (tree.read(from) !== undefined) return { name, from }
  if ((env['container'] ?? '') !== '') return { name: env['container'] ?? '', from: 'container=' }
  return findInCgroup(tree)
}

/** Without a cgroup namespace, the cgroup of process 1 is named after who made it. */
const CGROUPS: Readonly<Record<string, RegExp>> = {
  kubernetes: /\bkubepods\b/,
  docker: /\/docker[-/]/,
  podman: /\blibpod[-_]/,
  lxc: /\/lxc[./]/,
}

function findInCgroup(tree: HostTree): Sign | undefined {
  const from = '/proc/1/cgroup'
  const text = tree.read(from) ?? ''
  const name = Object.keys(CGROUPS).find(name => CGROUPS[name]?.test(text))
  return name === undefined ? undefined : { name, from }
}

function findVm(tree: HostTree): Sign | undefined {
  return findInDeviceTree(tree) ?? findXen(tree) ?? findInDmi(tree)
}

/** What hypervisors put into the device trees they make. */
function findInDeviceTree(tree: HostTree): Sign | undefined {
  const base = '/proc/device-tree'
  const hypervisor = `${base}/hypervisor/compatible`
  const name = strings(tree.read(hypervisor)).at(-1)
  if (name !== undefined) return { name: HYPERVISORS[name] ?? name, from: hypervisor }
  const root = `${base}/compatible`
  const virtual = strings(tree.read(root)).find(word => word === 'linux,dummy-virt')
  return virtual === undefined ? undefined : { name: `a ${virtual} machine`, from: root }
}

const HYPERVISORS: Readonly<Record<string, string>> = { 'linux,kvm': 'KVM', 'xen,xen': 'Xen' }

/** The strings of a property. */
function strings(property: string | undefined): string[] {
  return (property ?? '').split('\0').filter(word => word !== '')
}

function findXen(tree: HostTree): Sign | undefined {
  const from = '/sys/hypervisor/type'
  const name = tree.read(from) ?? ''
  if (name === '') return undefined
  // Dom0 is the machine itself, but Xen has its EL2.
  return { name: name === 'xen' ? 'Xen' : name, from }
}

/** What a field of the firmware begins with. */
const VENDORS = {
  QEMU: 'QEMU',
  KVM: 'KVM',
  'Amazon EC2': 'Amazon EC2',
  Google: 'Google Compute Engine',
  'Microsoft Corporation': 'Hyper-V',
  'Apple Virtualization': 'Apple Virtualization',
  'Apple Inc.': 'Apple Virtualization',
  VMware: 'VMware',
  Parallels: 'Parallels',
  'innotek GmbH': 'VirtualBox',
  OpenStack: 'OpenStack',
  Hetzner: 'Hetzner',
  'Alibaba Cloud': 'Alibaba Cloud',
  Xen: 'Xen',
} as const satisfies Record<string, string>

/** Machines of these vendors are real as well; the name of the product tells which are not. */
const VIRTUAL_PRODUCTS: Readonly<Record<string, RegExp>> = {
  'Microsoft Corporation': /^Virtual Machine/,
  'Apple Inc.': /^(Apple Virtualization|VirtualMac)/,
  Hetzner: /vServer/,
  Google: /^Google Compute Engine/,
}

function findInDmi(tree: HostTree): Sign | undefined {
  const read = (field: string) => tree.read(`/sys/class/dmi/id/${field}`) ?? ''
  const product = read('product_name')
  for (const field of ['sys_vendor', 'product_name', 'board_vendor', 'bios_vendor']) {
    const value = read(field)
    const vendor = Object.keys(VENDORS).find(prefix => value.startsWith(prefix))
    if (vendor === undefined) continue
    if (!(VIRTUAL_PRODUCTS[vendor]?.test(product) ?? true)) continue
    // Of Amazon's machines these are whole ones: c7g.metal, c8g.metal-24xl.
    if (/\.metal\b/.test(product)) return undefined
    return { name: VENDORS[vendor as keyof typeof VENDORS], from: `/sys/class/dmi/id/${field}` }
  }
  return undefined
}
