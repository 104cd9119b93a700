/** Tells each sentence once only: what a guest does again and again must not fill a log. */
export function onceEach(tell: (sentence: string) => void): (sentence: string) => void {
  const told = new Set<string>()
  return sentence => {
    if (told.has(sentence)) return
    told.add(sentence)
    tell(sentence)
  }
}
