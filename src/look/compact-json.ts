/** Width of a line, where it can be kept. */
const WIDTH = 100

/** JSON for people and diffs: what fits into a line is in one, and so is a list of numbers. */
export function renderCompactJson(value: unknown): string {
  return `${render(value, '', 0)}\n`
}

/** @param taken columns of the line that are not for the value: those before it, and a comma */
function render(value: unknown, indent: string, taken: number): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const isList = Array.isArray(value)
  const [open, close] = isList ? '[]' : '{}'
  const inner = `${indent}  `
  const items = Object.entries(value as Readonly<Record<string, unknown>>)
    .filter(([, item]) => item !== undefined)
    .map(([key, item]) => {
      const label = isList ? '' : `${JSON.stringify(key)}: `
      return label + render(item, inner, inner.length + label.length + 1)
    })
  if (items.length === 0) return `${open}${close}`
  const line = isList ? `[${items.join(', ')}]` : `{ ${items.join(', ')} }`
  const isShort = taken + line.length <= WIDTH && !line.includes('\n')
  if (isShort || (isList && value.every(item => typeof item === 'number'))) return line
  return `${open}\n${inner}${items.join(`,\n${inner}`)}\n${indent}${close}`
}
