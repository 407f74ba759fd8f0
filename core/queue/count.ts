/** What is wrong with the value of an option that is a number of jobs. */
export function problemsOfCount(option: string, count: unknown): string[] {
  if (Number.isInteger(count) && Number(count) >= 1) return []
  return [`${option} is ${String(count)}. Give a whole number, 1 or more.`]
}
