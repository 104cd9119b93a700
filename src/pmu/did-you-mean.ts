/**
 * The name that was probably meant by `text`: the one with the fewest typing errors, of which there
 * may be one in every three letters and no more than three. Case does not count; of names equally
 * near, the first.
 */
export function didYouMean<Name extends string>(
  text: string,
  names: readonly Name[],
): Name | undefined {
  // Beyond any name: what comes next takes time in proportion to the length of both.
  if (text.length > 100) return undefined
  const wanted = text.toUpperCase()
  let best: { name: Name; distance: number } | undefined
  for (const name of names) {
    const distance = editDistance(wanted, name.toUpperCase())
    const allowed = Math.min(3, Math.ceil(Math.min(text.length, name.length) / 3))
    if (distance <= allowed && (best === undefined || distance < best.distance))
      best = { name, distance }
  }
  return best?.name
}

/**
 * How many letters must be inserted, left out, replaced or swapped with their neighbour to make one
 * text of the other (Damerau-Levenshtein, no letter touched twice).
 */
export function editDistance(a: string, b: string): number {
  // Rows of the usual table: the distances of a's first i letters to each beginning of b.
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row[j] = Math.min(
        at(last, j) + 1,
        at(row, j - 1) + 1,
        at(last, j - 1) + (same ? 0 : 1),
        swapped && i > 1 && j > 1 ? at(beforeLast, j - 2) + 1 : Infinity,
      )
    }
    beforeLast = last
    last = row
  }
  return at(last, b.length)
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity
}
