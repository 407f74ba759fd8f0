import { chain, chord, createRuntime, defineTask, group, map, step } from 'triport'

const site: Record<string, readonly string[]> = { home: ['intro', 'news', 'about us'] }

// #region tasks
const listPages = defineTask({ name: 'list_pages', run: (topic: string) => site[topic] ?? [] })
const countWords = defineTask({ name: 'count_words', run: (page: string) => page.split(' ').length })
const addUp = defineTask({ name: 'add_up', run: (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0) })
// #endregion
const titleOf = defineTask({ name: 'title_of', run: (page: string) => page.toUpperCase() })

await using runtime = createRuntime({ tasks: [listPages, countWords, addUp, titleOf], report: () => {} })
await runtime.start()

// #region chain
const wordsOf = chain(listPages, map(countWords), addUp)

const job = await runtime.queue.enqueue(wordsOf, 'home')
console.log(await job.result({ timeout: '30s' }))
// prints: 4
// #endregion

// #region group
const facts = group([countWords, titleOf]) // Both get the page.
const known = await runtime.queue.enqueue(facts, 'about us')
const [words, title] = await known.result({ timeout: '30s' })
console.log(words, title)
// prints: 2 ABOUT US
// #endregion

// #region chord
const two = chord([step(countWords, 'intro'), step(countWords, 'about us', { priority: 5 })], addUp)
console.log(await (await runtime.queue.enqueue(two)).result({ timeout: '30s' }))
// prints: 3
// #endregion

// #region nested
const both = group([wordsOf, chain(listPages, map(titleOf))])
console.log(await (await runtime.queue.enqueue(both, 'home')).result({ timeout: '30s' }))
// prints: [ 4, [ 'INTRO', 'NEWS', 'ABOUT US' ] ]
// #endregion
