import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'

/** The sysfs saved under test/fixtures/sysfs/`machine`. */
export function savedSysfs(machine: string): string {
  return new URL(`../../fixtures/sysfs/${machine}`, import.meta.url).pathname
}

/** A sysfs with just these files, gone when the test ends. */
export function madeSysfs(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'tsvmm-sysfs-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), content)
  }
  return root
}
