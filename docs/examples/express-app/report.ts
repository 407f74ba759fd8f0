import { setTimeout as pause } from 'node:timers/promises'

/** Stands for the slow work of the app: a report over a month, page by page. */
export async function renderReport(user: string, month: string, onPage: (percent: number) => unknown) {
  const pages = 4
  for (let page = 1; page <= pages; page++) {
    await pause(Number(process.env.PAGE_MS ?? 7_500))
    await onPage((page / pages) * 100)
  }
  return { user, month, pages }
}
