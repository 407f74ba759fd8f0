/**
 * Remembers which texts have passed a check. Those that come with each call need not be checked each time: in quiet times a regular expression takes
 * as long as writing a message.
 */
export function remembering(check: (text: string) => boolean): (text: string) => boolean {
  const passed = new Set<string>()
  return (text) => {
    if (passed.has(text)) return true
    if (!check(text)) return false
    if (passed.size === most) passed.clear()
    passed.add(text)
    return true
  }
}

const most = 1_000
