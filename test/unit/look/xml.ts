/** An element of XML, its text with that of its children left out. */
export interface Element {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly Element[]
  readonly text: string
}

const CHARACTERS = /^[\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]*$/u
const ATTRIBUTE = /\s+([a-z][\w:-]*)="([^<"]*)"/giy
const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
}

/**
 * A document of elements, attributes and text, as strict as XML 1.0 is about these; comments, DTDs
 * and the like are refused, since nothing of ours has any.
 */
export function parseXml(text: string): Element {
  if (!CHARACTERS.test(text)) throw new Error('a character that XML does not have')
  let at = 0
  const expectEnd = (what: string) => new Error(`${what} at ${at}: ${text.slice(at, at + 60)}`)
  const attributes = () => {
    const found: Record<string, string> = {}
    ATTRIBUTE.lastIndex = at
    for (let match = ATTRIBUTE.exec(text); match !== null; match = ATTRIBUTE.exec(text)) {
      const [whole, name = '', value = ''] = match
      if (name in found) throw expectEnd(`${name} twice`)
      found[name] = decoded(value)
      at += whole.length
      ATTRIBUTE.lastIndex = at
    }
    return found
  }
  const element = (): Element => {
    const name = /^<([a-z]+)/i.exec(text.slice(at, at + 40))?.[1]
    if (name === undefined) throw expectEnd('no element')
    at += name.length + 1
    const start = { name, attributes: attributes() }
    if (text.startsWith('/>', at)) {
      at += 2
      return { ...start, children: [], text: '' }
    }
    if (text[at] !== '>') throw expectEnd('a tag that is not closed')
    at += 1
    const children: Element[] = []
    let inner = ''
    while (!text.startsWith('</', at)) {
      const next = text.indexOf('<', at)
      if (next < 0) throw expectEnd(`no end of ${name}`)
      inner += decoded(text.slice(at, next))
      at = next
      if (!text.startsWith('</', at)) children.push(element())
    }
    if (!text.startsWith(`</${name}>`, at)) throw expectEnd(`not the end of ${name}`)
    at += name.length + 3
    return { ...start, children, text: inner }
  }
  const root = element()
  if (text.slice(at).trim() !== '') throw expectEnd('something behind the document')
  return root
}

function decoded(text: string): string {
  if (/[<>]/.test(text)) throw new Error(`not escaped: ${text}`)
  return text.replaceAll(/&(?:[a-z]+;)?/g, entity => {
    const letter = ENTITIES[entity]
    if (letter === undefined) throw new Error(`no entity: ${entity} in ${text}`)
    return letter
  })
}

/** All elements of it. */
export function elementsOf(root: Element): readonly Element[] {
  return [root, ...root.children.flatMap(elementsOf)]
}
