import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { DiskTree } from '../../../src/host/index.ts'

/** A tree below a directory of its own. */
export class SavedTree extends DiskTree {
  readonly sys = join(this.root, 'sys')
  readonly proc = join(this.root, 'proc')
}

/** The sysfs saved under test/fixtures/sysfs/`machine`. */
export function savedSysfs(machine: string): SavedTree {
  return new SavedTree(new URL(`../../fixtures/sysfs/${machine}`, import.meta.url).pathname)
}

/** A machine with just these files below /sys, and these below /proc; gone when the test ends. */
export function madeSysfs(
  sys: Readonly<Record<string, string>>,
  proc: Readonly<Record<string, string>> = {},
): SavedTree {
  const root = mkdtempSync(join(tmpdir(), 'tsvmm-sysfs-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  for (const [top, files] of Object.entries({ sys, proc }))
    for (const [path, content] of Object.entries(files)) {
      const file = join(root, top, path)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, content)
    }
  return new SavedTree(root)
}
