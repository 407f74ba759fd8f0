import { setTimeout as pause } from 'node:timers/promises'
import type { TcpProxy } from '../services/proxy.js'
import type { Scenario } from './scenario.js'
import type { Stage } from './stage.js'

/** What happens to the links between the program and its server, whatever that is. */
export const linkScenarios: readonly Scenario[] = [
  {
    name: 'all links are reset',
    async inflict({ stage }) {
      for (const link of linksOf(stage)) link.sever()
    },
  },
  {
    name: 'the server cannot be reached for 3 s',
    async inflict({ stage }) {
      for (const link of linksOf(stage)) link.refuse()
      for (const link of linksOf(stage)) link.sever()
      await pause(3_000)
      for (const link of linksOf(stage)) link.accept()
    },
  },
  {
    name: 'answers are lost, then the links',
    async inflict({ stage }) {
      for (const link of linksOf(stage)) link.swallow('answers')
      await pause(200)
      for (const link of linksOf(stage)) link.accept()
      for (const link of linksOf(stage)) link.sever()
    },
  },
]

/** Bytes are swallowed while the sockets stay open. The links that were open stay dead when it is over. */
export function halfOpen(ms: number): Scenario {
  return {
    name: `half-open links for ${ms / 1_000} s`,
    async inflict({ stage }) {
      for (const link of linksOf(stage)) link.swallow()
      await pause(ms)
      for (const link of linksOf(stage)) link.accept()
    },
  }
}

function linksOf({ links }: Stage): readonly TcpProxy[] {
  return Object.values(links)
}
